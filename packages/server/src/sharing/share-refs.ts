/**
 * The refs of a share below its owner's (S-13 to S-16): its link, and further ones with rights and limits of their own. Their service keeps them; what is asked here is
 * a task for the share's sender, committed before the service is told. Who asks is the owner of this Holdfast, whose credential the publisher's own ref is.
 */
import {
  cleanText,
  type Clock,
  HoldfastError,
  newId,
  newRefSecret,
  notFound,
  secretHash,
} from "@holdfast/kernel";
import type {
  Caveats,
  CreatedRef,
  createRefSchema,
  Grant,
  RefId,
  Right,
  Share,
  ShareAudit,
  ShareId,
  ShareResult,
  ShareState,
} from "@holdfast/protocol";
import type { z } from "zod";
import type { Caller } from "../session/index.ts";
import type {
  Applied,
  HashedRef,
  HeldRef,
  MintTask,
  ShareTask,
  Store,
  StoredShare,
  StoredTask,
} from "../store/index.ts";
import type { ShareServices } from "./share-services.ts";

export type ShareRefsDeps = { store: Store; services: ShareServices; clock: Clock };

/** States in which something of a share may be changed. */
export const OPEN: readonly ShareState[] = ["creating", "live", "paused", "fenced", "parked"];

/** What a ref on a share may do; the others are about a session that lives (S-14). */
const SHARE_RIGHTS: readonly Right[] = ["read", "comment", "share", "admin"];

export const held = (clock: Clock): HeldRef => ({ refId: newId("ref", clock.now()), secret: newRefSecret() });

/** The first link of a share, and the one that takes its place. */
export const mintLink = (ref: HeldRef): MintTask => ({
  kind: "mint",
  ref,
  rights: ["read"],
  caveats: {},
  label: "The link",
});

type Asked = Omit<z.output<typeof createRefSchema>, "target">;
type AuditQuery = { before?: string | undefined; refId?: RefId | undefined; limit?: number | undefined };
type Choice = { ref: HashedRef; secret?: string };

export class ShareRefs {
  readonly #deps: ShareRefsDeps;

  constructor(deps: ShareRefsDeps) {
    this.#deps = deps;
  }

  /**
   * A further ref; it works once the service was told. With the id and hash that the caller chose a repetition is the same ref (S-25). Rejects NOT_FOUND,
   * UNPROCESSABLE and CAVEAT_UNENFORCEABLE for what no ref on a share can have, CONFLICT for a share that is over and for an id that has another secret.
   */
  async create(id: ShareId, asked: Asked, caller: Caller): Promise<Applied<CreatedRef>> {
    const { store, clock } = this.#deps;
    requireOfShare(asked, clock.now());
    const share = await this.#stored(id);
    const tasks = await store.listShareTasks(id);
    const known = asked.refId === undefined ? undefined : mintOf(tasks, asked.refId);
    if (known !== undefined) {
      if (hashOf(known.ref) !== asked.secretHash)
        throw new HoldfastError("CONFLICT", `There is another ref ${known.ref.refId}.`);
      return { value: await this.#made(share, tasks, known), replayed: true };
    }
    const { ref, secret } = chosen(asked, clock.now());
    const task: MintTask = {
      kind: "mint",
      ref,
      rights: rightsOf(asked),
      caveats: caveatsOf(asked),
      label: cleanText(asked.label),
      asked: { by: caller.actor, at: clock.now() },
    };
    const { replayed } = await this.#change(id, caller, [task]);
    const mint = replayed ? madeBefore(await store.listShareTasks(id), task) : task;
    const made = await this.#made(share, tasks, mint);
    return { value: replayed || secret === undefined ? made : { ...made, secret }, replayed };
  }

  async #made(share: StoredShare, tasks: readonly StoredTask[], task: MintTask): Promise<CreatedRef> {
    const isRead = task.rights.every((right) => right === "read");
    const link = await this.#deps.services.refLink(share.service, isRead);
    return { ref: grantOf(share, tasks, task), link };
  }

  /**
   * Ends a ref and all below it, once the service was told; repeating is harmless. Where it is the link, another link takes its place, which nobody has yet.
   * Rejects UNPROCESSABLE for the publisher's own.
   */
  async revoke(
    id: ShareId,
    body: { refId: RefId; reason?: string | undefined },
    caller: Caller,
  ): Promise<Applied<Share>> {
    const { owner, append, link } = await this.#stored(id);
    if (body.refId === owner.refId || body.refId === append.refId)
      throw new HoldfastError(
        "UNPROCESSABLE",
        "That is the publisher's own ref. Take the share back instead.",
      );
    const reason = body.reason === undefined ? undefined : cleanText(body.reason);
    const end: ShareTask = { kind: "revokeRef", refId: body.refId, reason };
    if (body.refId !== link.refId) return this.#change(id, caller, [end]);
    const next = held(this.#deps.clock);
    return this.#change(id, caller, [end, mintLink(next)], next);
  }

  /** The share that a ref was made on here. */
  shareOf(refId: RefId): Promise<ShareId | undefined> {
    return this.#deps.store.shareOfRef(refId);
  }

  /** Ends a ref of which it is known here that it was made on this share. */
  async revokeKnown(
    id: ShareId,
    body: { refId: RefId; reason?: string | undefined },
    caller: Caller,
  ): Promise<Applied<Grant>> {
    const { store, clock } = this.#deps;
    const share = await this.#stored(id);
    const tasks = await store.listShareTasks(id);
    const task = mintOf(tasks, body.refId);
    if (task === undefined) throw notFound("ref", body.refId);
    const { replayed } = await this.revoke(id, body, caller);
    const revoked = {
      at: clock.now(),
      by: caller.actor,
      ...(body.reason === undefined ? {} : { reason: cleanText(body.reason) }),
    };
    return { value: { ...grantOf(share, tasks, task), ended: "revoked", revoked }, replayed };
  }

  /** As the service has them, without the publisher's own; first those that it was not told of yet. Rejects SERVICE_UNAVAILABLE while it cannot be reached. */
  async list(id: ShareId, before: string | undefined): Promise<ShareResult<"listRefs">> {
    const { store, services } = this.#deps;
    const share = await this.#stored(id);
    const tasks = await store.listShareTasks(id);
    const untold = before === undefined ? mints(tasks.filter(({ state }) => state === "pending")) : [];
    const waiting = untold.map((task) => grantOf(share, tasks, task)).toReversed();
    if (share.state === "creating") return { items: waiting };
    const args = before === undefined ? {} : { before };
    const { owner, service } = share;
    const page = await services.ask(service, "listRefs", { shareId: id, secret: owner.secret, args });
    const told = page.items.filter(
      ({ id: refId, parentId, rights }) =>
        parentId !== undefined && !rights.includes("append") && !waiting.some((grant) => grant.id === refId),
    );
    return { ...page, items: [...waiting, ...told] };
  }

  /** What its service wrote down of a share, or of one ref and those below it. */
  async audit(id: ShareId, { before, refId, limit }: AuditQuery): Promise<ShareAudit> {
    const { service, owner } = await this.#stored(id);
    const args = {
      ...(before === undefined ? {} : { before }),
      ...(refId === undefined ? {} : { refId }),
      ...(limit === undefined ? {} : { limit }),
    };
    return this.#deps.services.ask(service, "readAudit", { shareId: id, secret: owner.secret, args });
  }

  #change(id: ShareId, caller: Caller, tasks: ShareTask[], link?: HeldRef): Promise<Applied<Share>> {
    const change = link === undefined ? {} : { link };
    return this.#deps.store.changeShare({ ...caller, shareId: id, change, from: OPEN, tasks });
  }

  async #stored(id: ShareId): Promise<StoredShare> {
    const share = await this.#deps.store.storedShare(id);
    if (share === undefined) throw notFound("share", id);
    return share;
  }
}

function requireOfShare({ rights, tools, paths, expiresAt }: Asked, now: number): void {
  const live = rights.find((right) => !SHARE_RIGHTS.includes(right));
  if (live !== undefined)
    throw new HoldfastError(
      "UNPROCESSABLE",
      `A share has nobody whom to ${live}: make such a ref on its session.`,
    );
  if (tools !== undefined || paths !== undefined)
    throw new HoldfastError("CAVEAT_UNENFORCEABLE", "Tools and paths narrow approve, which is for sessions.");
  if (typeof expiresAt === "number" && expiresAt <= now)
    throw new HoldfastError("UNPROCESSABLE", "The ref would have expired already.");
}

const rightsOf = ({ rights }: Asked): Right[] =>
  SHARE_RIGHTS.filter((right) => right === "read" || rights.some((asked) => asked === right));

function caveatsOf({ expiresAt, maxUses, audience }: Asked): Caveats {
  return {
    ...(typeof expiresAt === "number" ? { expiresAt } : {}),
    ...(maxUses === undefined ? {} : { maxUses }),
    ...(audience === undefined ? {} : { audience }),
  };
}

/** The id and hash that the caller chose, or new ones, whose secret is kept nowhere. */
function chosen({ refId, secretHash: hash }: Asked, now: number): Choice {
  if (refId !== undefined && hash !== undefined) return { ref: { refId, secretHash: hash } };
  const secret = newRefSecret();
  return { ref: { refId: newId("ref", now), secretHash: secretHash(secret) }, secret };
}

const hashOf = (ref: HeldRef | HashedRef): string =>
  "secretHash" in ref ? ref.secretHash : secretHash(ref.secret);

const mints = (tasks: readonly StoredTask[]): MintTask[] =>
  tasks.map(({ task }) => task).filter((task) => task.kind === "mint");

const mintOf = (tasks: readonly StoredTask[], refId: RefId): MintTask | undefined =>
  mints(tasks).find(({ ref }) => ref.refId === refId);

/** What an earlier request like this one made. */
function madeBefore(tasks: readonly StoredTask[], asked: MintTask): MintTask {
  const told = ({ rights, caveats, label }: MintTask) => JSON.stringify({ rights, caveats, label });
  const found = mints(tasks).findLast((task) => task.asked !== undefined && told(task) === told(asked));
  if (found !== undefined) return found;
  throw new HoldfastError("CONFLICT", "The refs of this share were renewed since then. Make a new one.");
}

/** A ref as its service will have it. */
function grantOf(
  share: StoredShare,
  tasks: readonly StoredTask[],
  { ref, rights, caveats, label, asked }: MintTask,
): Grant {
  const bumps = tasks.flatMap(({ state, task }) =>
    state === "pending" && task.kind === "bump" ? [task] : [],
  );
  const owner = bumps.at(-1)?.owner.refId ?? share.owner.refId;
  return {
    id: ref.refId,
    parentId: owner,
    rootId: owner,
    target: { kind: "share", id: share.id },
    rights,
    caveats,
    label,
    epoch: share.capabilityEpoch + bumps.length,
    createdBy: asked?.by ?? share.createdBy,
    uses: 0,
    time: { created: asked?.at ?? share.time.created },
  };
}
