import { newId, newRefSecret } from "@holdfast/kernel";
import type { SessionId, ShareId, ShareKey } from "@holdfast/protocol";
import type {
  FrozenOperation,
  HeldRef,
  ShareClaim,
  ShareCommands,
  ShareTask,
  StoredShare,
} from "../../src/store/index.ts";
import { OWNER, type StoreRig } from "./rig.ts";

type NewShare = Parameters<ShareCommands["createShare"]>[0]["share"];

export const heldRef = (): HeldRef => ({ refId: newId("ref"), secret: newRefSecret() });

/** A share of a session as the room of sharing would ask for it. */
export const shareOf = (sessionId: SessionId, facts: Partial<NewShare> = {}): NewShare => ({
  id: newId("shr"),
  sessionId,
  title: "Shared",
  service: "https://share.example",
  owner: heldRef(),
  append: heldRef(),
  link: heldRef(),
  includes: { files: false, others: false },
  ...facts,
});

/** What a new share asks of its service first. */
export const createTask = ({ owner, append }: Pick<NewShare, "owner" | "append">): ShareTask => ({
  kind: "create",
  owner,
  append,
});

export type Shared = { sessionId: SessionId; claim: ShareClaim };

/** A share that the service knows, and its sender. */
export async function shared(rig: StoreRig, sessionId: SessionId): Promise<Shared> {
  const share = shareOf(sessionId);
  await rig.store.createShare({ share, tasks: [createTask(share)], actor: OWNER });
  const { claim } = await rig.store.claimShare({ shareId: share.id, nonce: newId("ins") });
  const held = { shareId: share.id, claim };
  const task = (await rig.store.shareHead(share.id))?.task;
  await rig.store.endShareTask({ ...held, number: task?.number ?? 0, state: "done" });
  return { sessionId, claim: held };
}

export const head = async (rig: StoreRig, id: ShareId) => {
  const found = await rig.store.shareHead(id);
  if (found === undefined) throw new Error("No such share.");
  return found;
};

/** Marks all that there is, and clears it, so that what follows is new. */
export async function settled(rig: StoreRig, { claim }: Shared, { committed = true } = {}): Promise<void> {
  await rig.store.beginShareStream({ ...claim, stream: newId("stm"), isResync: false });
  await rig.store.settleShare({ ...claim, change: committed ? { begun: true, committed } : { begun: true } });
  while ((await head(rig, claim.shareId)).share.paging !== undefined)
    await rig.store.pageShare({ ...claim, limit: 1 });
  await cleared(rig, claim);
}

export async function marked(rig: StoreRig, { shareId }: ShareClaim): Promise<ShareKey[]> {
  const found = await rig.store.shareSource({ shareId, limit: 1_000 });
  return (found?.marks ?? []).map(({ key }) => key);
}

export async function cleared(rig: StoreRig, claim: ShareClaim): Promise<void> {
  const { marks } = (await rig.store.shareSource({ shareId: claim.shareId, limit: 1_000 })) ?? { marks: [] };
  await rig.store.freezeShareBatch({ ...claim, marks, masks: [], blobs: [] });
}

/** Freezes one operation for a key. */
export async function frozen(rig: StoreRig, claim: ShareClaim, key: ShareKey, sent: FrozenOperation["sent"]) {
  const { share } = await head(rig, claim.shareId);
  const source = await rig.store.shareSource({ shareId: share.id, limit: 1_000 });
  const { id: stream, cursor } = share.stream as NonNullable<StoredShare["stream"]>;
  const id = newId("bat");
  const chain = id.slice(4).padEnd(64, "0");
  const operation = {
    opId: newId("sop"),
    batchId: id,
    seq: cursor + 1,
    type: "message.updated",
    key,
    dependsOn: [],
    payload: { any: "thing" },
    payloadHash: "a".repeat(64),
  };
  const operations: FrozenOperation[] = [sent === undefined ? { operation } : { operation, sent }];
  const marks = (source?.marks ?? []).filter((mark) => mark.key === key);
  await rig.store.freezeShareBatch({
    ...claim,
    marks,
    batch: { id, stream, chain, operations },
    masks: [],
    blobs: [],
  });
  return { id, chain, operation };
}
