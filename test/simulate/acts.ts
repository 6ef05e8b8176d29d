/** What people do to shares, and what befalls whole machines: each once in a run at most. */
import { type FakeClock, isHoldfastError, newId, newRefSecret } from "@holdfast/kernel";
import { OPERATION_PAYLOADS, type ShareId } from "@holdfast/protocol";
import type { z } from "zod";
import type { HeldRef, StoredShare } from "../../packages/server/src/store/index.ts";
import { OWNER } from "../../packages/server/test/contract/rig.ts";
import type { Random } from "../torture/random.ts";
import type { Tally } from "./faults.ts";
import type { GivenRefs } from "./given-refs.ts";
import type { Act, Plan } from "./plan.ts";
import { PUBLISH_KEY, type Service, type ServiceBackup } from "./service.ts";
import { hashedRef, type Side } from "./side.ts";

/** What acts need of the world. */
export type Acting = {
  readonly clock: FakeClock;
  readonly random: Random;
  readonly tally: Tally;
  readonly plan: Plan;
  readonly service: Service;
  readonly sides: Side[];
  readonly done: Set<string>;
  readonly shareId: ShareId | undefined;
  readonly refs: GivenRefs;
  publisherBackup: Taken<Uint8Array> | undefined;
  serviceBackup: Taken<ServiceBackup> | undefined;
  trace(line: string): void;
  addSide(name: string, disk?: Uint8Array): Side;
  startSide(side: Side): Promise<void>;
  shareOf(side: Side): Promise<StoredShare | undefined>;
  atEnd(undo: () => void): void;
};

/** A backup, and the step at which it was taken. */
export type Taken<T> = { backup: T; step: number };

/** Steps of a sender until it has frozen a batch; what comes before is fewer. */
const STEPS_TO_A_BATCH = 12;

/** A word that a later release of the service takes offence at. */
export const OFFENCE = "otter";

const newRef = (): HeldRef => ({ refId: newId("ref"), secret: newRefSecret() });

export async function perform(act: Act, world: Acting): Promise<void> {
  const [side] = world.sides;
  if (side === undefined || world.shareId === undefined) return;
  if (!side.publisher.isUp) await world.startSide(side);
  const share = await world.shareOf(side);
  if (share === undefined) return;
  world.trace(`act: ${act}`);
  await ACTS[act](world, side, share);
}

type Perform = (world: Acting, side: Side, share: StoredShare) => Promise<void>;

const ACTS: Readonly<Record<Act, Perform>> = {
  async "delete the session"(world, { workload }) {
    const isOffline = world.random.chance(0.5);
    if (isOffline) world.service.kill();
    await workload?.delete();
    world.tally.add("session deleted");
    if (isOffline) world.tally.add("session deleted while offline");
    world.done.add("revoked");
  },
  async "delete the session and keep the share"(world, { workload }, share) {
    if (share.state !== "live") return;
    try {
      await workload?.delete({ keepShares: true });
    } catch (error) {
      // Something of it has not arrived yet, and that would be lost.
      if (isHoldfastError(error, "CONFLICT")) return;
      throw error;
    }
    world.tally.add("session deleted");
    world.done.add("detached");
  },
  async "revoke the share"(world, { publisher }, { id, state }) {
    if (state === "revoked" || state === "revoking") return;
    world.tally.add("revoked");
    await publisher.store.changeShare({ actor: OWNER, shareId: id, change: { state: "revoking" } });
    world.done.add("revoked");
  },
  async "pause and resume"(world, { publisher }, { id, state }) {
    if (state !== "live") return;
    world.tally.add("paused");
    await publisher.store.changeShare({ actor: OWNER, shareId: id, change: { state: "paused" } });
  },
  async "restore the publisher"(world, side) {
    if (world.publisherBackup === undefined) return;
    world.tally.add("publisher restored");
    side.publisher.kill();
    const { backup, step } = world.publisherBackup;
    await side.publisher.restore(backup);
    world.refs.forget("publisher", step);
    world.done.add("publisher restored");
    // What was asked for since is not known here any more.
    for (const wish of ["revoked", "detached"]) world.done.delete(wish);
    await world.startSide(side);
  },
  async "restore the service"(world) {
    if (world.serviceBackup === undefined) return;
    world.tally.add("service restored");
    world.service.kill();
    const { backup, step } = world.serviceBackup;
    const isBare = backup.contents.length > 0 && world.random.chance(0.5);
    if (isBare) world.tally.add("service restored without contents");
    await world.service.restore(isBare ? { ...backup, contents: [] } : backup);
    world.refs.forget("service", step);
    world.service.start();
    world.done.add("service restored");
  },
  async "copy the directory"(world, { publisher }) {
    world.tally.add("directory copied");
    world.refs.copied();
    await world.startSide(world.addSide("copy", publisher.backup()));
    world.done.add("copied");
  },
  async "adopt elsewhere"(world) {
    for (const other of world.sides) {
      if (!other.publisher.isUp) continue;
      const share = await world.shareOf(other);
      if (share?.state !== "fenced") continue;
      world.tally.add("adopted elsewhere");
      await adopt(other, share, world).catch((error: unknown) => {
        // The service cannot be asked now.
        if (!isHoldfastError(error, "SERVICE_UNAVAILABLE")) throw error;
      });
      return;
    }
  },
  async "bump the epoch"(world, side, share) {
    const { publisher } = side;
    if (share.state !== "live") return;
    const isDuring = await freezes(world, side);
    if (!publisher.isUp) return;
    const from = (await world.shareOf(side))?.capabilityEpoch ?? share.capabilityEpoch;
    const task = { kind: "bump", from, owner: newRef(), append: newRef() } as const;
    await publisher.store.changeShare({ actor: OWNER, shareId: share.id, change: {}, tasks: [task] });
    if (isDuring) world.tally.add("epoch bumped during a batch");
  },
  async "bump the epoch elsewhere"(world, _side, share) {
    if (!world.service.isUp) world.service.start();
    const args = { from: share.capabilityEpoch, owner: hashedRef(newRef()) };
    try {
      await world.refs.elsewhere(() => world.service.call("bumpEpoch", share.id, share.owner.secret, args));
    } catch (error) {
      if (!isHoldfastError(error)) throw error;
      return;
    }
    world.done.add("bumped elsewhere");
    world.tally.add("epoch bumped elsewhere");
  },
  async "take history back"(world, { workload }) {
    if (((await workload?.takeBack()) ?? 0) > 0) world.tally.add("history taken back");
  },
  async "revoke a ref"(world, { publisher }, { id, link, state }) {
    if (state !== "live") return;
    const task = { kind: "revokeRef", refId: link.refId } as const;
    await publisher.store.changeShare({ actor: OWNER, shareId: id, change: {}, tasks: [task] });
    world.tally.add("ref revoked");
    world.done.add("ref revoked");
  },
  "set the clock back"(world) {
    world.tally.add("clock set back");
    world.clock.jump(-world.random.int(1_000, 7_200_000));
    world.done.add("clock set back");
    return Promise.resolve();
  },
  "upgrade the service"(world) {
    world.tally.add("service upgraded");
    world.service.kill();
    const payloads = OPERATION_PAYLOADS as Record<string, z.ZodType>;
    const before = OPERATION_PAYLOADS["message.part.updated"];
    payloads["message.part.updated"] = before.refine(
      ({ part }) => part.type !== "text" || !part.text.includes(OFFENCE),
    );
    world.atEnd(() => (payloads["message.part.updated"] = before));
    world.service.start();
    world.done.add("upgraded");
    return Promise.resolve();
  },
};

/** Lets the sender of a side go on until a batch waits for its answer. Answers whether one does. */
async function freezes(world: Acting, side: Side): Promise<boolean> {
  await side.workload?.act();
  for (let steps = 0; steps < STEPS_TO_A_BATCH && side.publisher.isUp; steps += 1) {
    if (await isBatchWaiting(world, side)) return true;
    await side.publisher.step(steps === 0, 1);
  }
  return side.publisher.isUp && (await isBatchWaiting(world, side));
}

const isBatchWaiting = async ({ shareId }: Acting, { publisher }: Side): Promise<boolean> =>
  shareId !== undefined && (await publisher.store.shareHead(shareId))?.batch !== undefined;

/** As a person does who takes a share back: where others renewed its refs, the publish key renews them once more (S-25). */
export async function adopt(
  { publisher }: Side,
  share: StoredShare,
  { service, refs }: Pick<Acting, "service" | "refs">,
): Promise<void> {
  const change = { state: "live", adopt: true, lastError: null, nextRetryAt: null, attempts: 0 } as const;
  const command = { actor: OWNER, shareId: share.id, from: ["fenced", "parked"] as const };
  if (share.lastError?.code !== "REF_NOT_VALID") {
    await publisher.store.changeShare({ ...command, change });
    return;
  }
  const { items } = await service.call("listShares", undefined, PUBLISH_KEY, { limit: 200 });
  const from = items.find(({ id }) => id === share.id)?.capabilityEpoch ?? share.capabilityEpoch;
  const link = newRef();
  refs.give(link);
  await publisher.store.changeShare({
    ...command,
    change: { ...change, link },
    tasks: [
      { kind: "bump", from, owner: newRef(), append: newRef(), withKey: true },
      { kind: "mint", ref: link, rights: ["read"], caveats: {}, label: "link" },
    ],
  });
}
