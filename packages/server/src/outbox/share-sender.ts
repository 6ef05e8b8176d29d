/**
 * The one sender of a share (S-3, S-5): looks at what is stored, does the next step, writes down what came of it. It holds no timer and no loop: whoever owns
 * it calls `step` again when it says so, or when something was marked. It may be left at any point, and another one goes on from what is stored.
 */
import { type Clock, isHoldfastError, newId, randomHex, secretHash } from "@holdfast/kernel";
import { MAX_BATCH_OPS, type PublisherId, type ShareId, type ShareOperation } from "@holdfast/protocol";
import type { HashedRef, HeldRef, ShareClaim, ShareTask, StoredShare } from "../store/index.ts";
import { makeBatch } from "./make-batch.ts";
import { nextStep } from "./next-step.ts";
import type { OutboxStore } from "./outbox-store.ts";
import type { Projection } from "./projection.ts";
import {
  type CallStep,
  freshMemory,
  type SenderMemory,
  type SenderState,
  type Step,
} from "./sender-state.ts";
import { type Effect, settle } from "./settle.ts";
import type { ShareAnswer, ShareTransport } from "./share-transport.ts";

export type SenderDeps = {
  store: OutboxStore;
  /** The way to a service, by its origin; the same one for all calls as long as it works. */
  transport: (service: string) => ShareTransport;
  project: Projection;
  /** The publish key of a service, where there is one (S-2). */
  publishKey: (service: string) => string | undefined;
  clock: Pick<Clock, "now">;
  /** In [0, 1), for jitter. */
  random: () => number;
};

/** When to call `step` again: at once (`now`), at a time (ms since the epoch), when something is new, or never. */
export type Again = { when: "now" } | { when: "at"; time: number } | { when: "changed" } | { when: "never" };

/** Messages whose keys are marked at once while a share is sent for the first time, or anew (S-3). */
const PAGE = 50;
/** Ms until the next try when the store cannot now. */
const STORE_WAIT_MS = 1_000;

const NO_KEY: ShareAnswer<never> = { outcome: "refused", code: "UNAUTHENTICATED", data: {} };

export class ShareSender {
  readonly shareId: ShareId;
  readonly #deps: SenderDeps;
  #memory: SenderMemory = freshMemory(MAX_BATCH_OPS);
  #claim: { claim: number; nonce: string; earlier: string[] } | undefined;
  #publisher: PublisherId | undefined;

  constructor(shareId: ShareId, deps: SenderDeps) {
    this.shareId = shareId;
    this.#deps = deps;
  }

  /** Does the next thing. Rejects only where something of ours is broken; a store that cannot now, and a share that others changed, are looked at again. */
  async step(): Promise<Again> {
    try {
      this.#claim ??= await this.#take();
      const head = await this.#deps.store.shareHead(this.shareId);
      if (head === undefined) return { when: "never" };
      const state: SenderState = { ...head, memory: this.#memory };
      const step = nextStep(state, this.#deps.clock.now());
      if (step.do === "end") return { when: "never" };
      if (step.do === "wait")
        return step.until === undefined ? { when: "changed" } : { when: "at", time: step.until };
      await this.#do(state, step);
      return { when: "now" };
    } catch (error) {
      return this.#after(error);
    }
  }

  /** The next step asks the service where it is, and whether it is the one of before. */
  doubt(): void {
    this.#remember({ isConnected: false });
  }

  async #take(): Promise<{ claim: number; nonce: string; earlier: string[] }> {
    const nonce = randomHex(32);
    return { nonce, ...(await this.#deps.store.claimShare({ shareId: this.shareId, nonce })) };
  }

  #after(error: unknown): Again {
    if (isHoldfastError(error, "NOT_FOUND") || isHoldfastError(error, "CLAIM_LOST")) return { when: "never" };
    // A person changed the share under the step: what is next is another thing.
    if (isHoldfastError(error, "CONFLICT")) return { when: "now" };
    if (isHoldfastError(error, "STORAGE_UNAVAILABLE"))
      return { when: "at", time: this.#deps.clock.now() + STORE_WAIT_MS };
    if (isHoldfastError(error, "SHUTTING_DOWN")) return { when: "never" };
    throw error;
  }

  get #held(): ShareClaim {
    if (this.#claim === undefined) throw new Error(`Share ${this.shareId} has no sender yet.`);
    return { shareId: this.shareId, claim: this.#claim.claim };
  }

  async #do(state: SenderState, step: Exclude<Step, { do: "end" | "wait" }>): Promise<void> {
    const { store, clock } = this.#deps;
    switch (step.do) {
      case "newStream": {
        const stream = newId("stm", clock.now());
        await store.beginShareStream({ ...this.#held, stream, isResync: step.isResync });
        this.#remember({ mustResync: false, unmet: 0 });
        return;
      }
      case "page":
        return store.pageShare({ ...this.#held, limit: PAGE });
      case "freeze":
        return this.#freeze(state);
      case "park": {
        const { code, message } = step;
        const lastError = { code, message, time: clock.now() };
        return store.settleShare({ ...this.#held, change: { state: "parked", lastError } });
      }
      default:
        return this.#ask(state, step);
    }
  }

  #remember(news: Partial<SenderMemory>): void {
    this.#memory = { ...this.#memory, ...news };
  }

  async #freeze(state: SenderState): Promise<void> {
    const { store, project, clock } = this.#deps;
    const { share, memory } = state;
    const source = await store.shareSource({ shareId: share.id, limit: memory.batchLimit });
    const { stream } = share;
    if (source === undefined || stream === undefined) return;
    const { rows, masks } = await project({ share, rows: source.rows, masks: source.masks });
    const batchId = newId("bat", clock.now());
    const made = await makeBatch(source, rows, {
      batchId,
      cursor: stream.cursor,
      chain: stream.chain,
      limit: memory.batchLimit,
      newOperationId: () => newId("sop", clock.now()),
    });
    const { operations, chain, marks, blobs } = made;
    const batch = operations.length === 0 ? undefined : { id: batchId, stream: stream.id, chain, operations };
    await store.freezeShareBatch({ ...this.#held, marks, batch, masks, blobs });
    this.#remember({ lastFreeze: clock.now() });
  }

  async #ask(state: SenderState, step: CallStep): Promise<void> {
    const { store, clock, random } = this.#deps;
    const { batch } = state;
    const needsBatch = batch !== undefined && (step.do === "send" || step.do === "upload");
    const operations = needsBatch ? await store.shareBatch({ shareId: this.shareId, batchId: batch.id }) : [];
    if (step.do === "send" && batch !== undefined)
      await store.startShareBatch({ ...this.#held, batchId: batch.id });
    const answer = await this.#call(state, step, operations);
    const settled = settle(state, { step, answer, operations, now: clock.now(), random: random() });
    this.#remember(settled.memory);
    for (const effect of settled.effects) await this.#write(state, effect);
  }

  #call(
    state: SenderState,
    step: CallStep,
    operations: readonly ShareOperation[],
  ): Promise<ShareAnswer<unknown>> {
    const { share } = state;
    const transport = this.#deps.transport(share.service);
    const as = (ref: { secret: string }) => ({ shareId: share.id, secret: ref.secret });
    switch (step.do) {
      case "revoke": {
        const secret = step.with === "owner" ? share.owner.secret : this.#deps.publishKey(share.service);
        if (secret === undefined) return Promise.resolve(NO_KEY);
        return transport.call({ method: "revokeShare", shareId: share.id, secret, args: {} });
      }
      case "createToRevoke":
        return this.#create(transport, share, share);
      case "task":
        return this.#callTask(transport, share, step.task);
      case "checkBump":
        return transport.call({ method: "redeemShare", ...as(step.owner), args: {} });
      case "hello":
        return transport.call({ method: "hello", ...as(share.append), args: {} });
      case "confirm":
        return transport.call({ method: "confirmShare", ...as(share.append), args: {} });
      case "openWriter":
        return this.#openWriter(transport, share);
      case "begin":
      case "commit":
        return this.#callStream(transport, state, step.do);
      case "upload":
        return this.#upload(transport, share, step.hash);
      case "send":
        return this.#send(transport, state, operations);
    }
  }

  #create(
    transport: ShareTransport,
    share: StoredShare,
    { owner, append }: Pick<StoredShare, "owner" | "append">,
  ): Promise<ShareAnswer<unknown>> {
    const secret = this.#deps.publishKey(share.service);
    if (secret === undefined) return Promise.resolve(NO_KEY);
    const { id: shareId, title, expiresAt } = share;
    const grants = { owner: hashed(owner), append: hashed(append) };
    return transport.call({
      method: "createShare",
      secret,
      args: { shareId, title, ...grants, ...(expiresAt === undefined ? {} : { expiresAt }) },
    });
  }

  #callTask(transport: ShareTransport, share: StoredShare, task: ShareTask): Promise<ShareAnswer<unknown>> {
    const asOwner = { shareId: share.id, secret: share.owner.secret };
    switch (task.kind) {
      case "create":
        return this.#create(transport, share, task);
      case "mint": {
        const { ref, rights, caveats, label } = task;
        const args = { ...hashed(ref), rights, caveats, label };
        return transport.call({ method: "attenuate", ...asOwner, args });
      }
      case "revokeRef": {
        const { refId, reason } = task;
        const args = reason === undefined ? { refId } : { refId, reason };
        return transport.call({ method: "revokeCapability", ...asOwner, args });
      }
      case "update": {
        const { title, expiresAt } = task;
        const args = {
          ...(title === undefined ? {} : { title }),
          ...(expiresAt === undefined ? {} : { expiresAt }),
        };
        return transport.call({ method: "updateShare", ...asOwner, args });
      }
      case "bump": {
        const { from, owner, append, withKey } = task;
        const secret = withKey === true ? this.#deps.publishKey(share.service) : share.owner.secret;
        if (secret === undefined) return Promise.resolve(NO_KEY);
        const args = { from, owner: hashed(owner), append: hashed(append) };
        return transport.call({ method: "bumpEpoch", shareId: share.id, secret, args });
      }
    }
  }

  async #openWriter(transport: ShareTransport, share: StoredShare): Promise<ShareAnswer<unknown>> {
    this.#publisher ??= await this.#deps.store.publisherId();
    // A nonce that held the share before cannot take it back: each try to adopt has one of its own (S-23).
    if (share.adopt) this.#claim = await this.#take();
    const { nonce = "", earlier = [] } = this.#claim ?? {};
    return transport.call({
      method: "openWriter",
      shareId: share.id,
      secret: share.append.secret,
      args: { publisher: this.#publisher, nonce, earlier, ...(share.adopt ? { adopt: true } : {}) },
    });
  }

  #callStream(
    transport: ShareTransport,
    { share, memory }: SenderState,
    what: "begin" | "commit",
  ): Promise<ShareAnswer<unknown>> {
    const { stream } = share;
    const { writerEpoch } = memory;
    if (stream === undefined || writerEpoch === undefined) throw new Error("No stream is written.");
    const place = { stream: stream.id, writerEpoch, capabilityEpoch: share.capabilityEpoch };
    const as = { shareId: share.id, secret: share.append.secret };
    if (what === "begin") return transport.call({ method: "beginStream", ...as, args: place });
    const { cursor, chain } = stream;
    return transport.call({ method: "commitStream", ...as, args: { ...place, cursor, chain } });
  }

  async #upload(transport: ShareTransport, share: StoredShare, hash: string): Promise<ShareAnswer<unknown>> {
    const bytes = await this.#deps.store.shareBlob({ shareId: share.id, hash });
    if (bytes === undefined) return { outcome: "unknown", reason: "gone" };
    const { secret } = share.append;
    return transport.putBlob({ shareId: share.id, secret, hash, bytes });
  }

  #send(
    transport: ShareTransport,
    { share, batch, memory }: SenderState,
    ops: readonly ShareOperation[],
  ): Promise<ShareAnswer<unknown>> {
    const { stream } = share;
    const { writerEpoch } = memory;
    if (stream === undefined || batch === undefined || writerEpoch === undefined)
      throw new Error(`Share ${share.id} has no batch to send.`);
    return transport.call({
      method: "appendOps",
      shareId: share.id,
      secret: share.append.secret,
      args: {
        stream: batch.stream,
        writerEpoch,
        capabilityEpoch: share.capabilityEpoch,
        expectedCursor: batch.firstSeq - 1,
        previousChain: batch.previousChain,
        acknowledged: stream.cursor,
        batchId: batch.id,
        ops: [...ops],
      },
    });
  }

  async #write({ batch }: SenderState, effect: Effect): Promise<void> {
    const { store } = this.#deps;
    const held = this.#held;
    const batchId = batch?.id;
    switch (effect.write) {
      case "share":
        return store.settleShare({ ...held, change: effect.change });
      case "task": {
        const { number, state, error } = effect;
        return store.endShareTask({ ...held, number, state, ...(error === undefined ? {} : { error }) });
      }
      case "repeatTasks":
        return store.repeatShareTasks({ ...held, storeId: effect.storeId });
      case "blob":
        return store.settleShareBlob({ ...held, hash: effect.hash, uploaded: effect.uploaded });
      case "retryBatch":
      case "ackBatch":
      case "dropBatch":
        if (batchId !== undefined) await this.#writeBatch({ ...held, batchId }, effect);
    }
  }

  #writeBatch(
    of: ShareClaim & { batchId: NonNullable<SenderState["batch"]>["id"] },
    effect: Extract<Effect, { write: "retryBatch" | "ackBatch" | "dropBatch" }>,
  ): Promise<void> {
    const { store } = this.#deps;
    switch (effect.write) {
      case "retryBatch":
        return store.retryShareBatch({ ...of, nextRetryAt: effect.nextRetryAt, error: effect.error });
      case "ackBatch":
        return store.ackShareBatch({
          ...of,
          chain: effect.chain,
          rejected: effect.rejected,
          time: effect.time,
        });
      case "dropBatch":
        return store.dropShareBatch({ ...of, error: effect.error, omit: effect.omit });
    }
  }
}

const hashed = (ref: HeldRef | HashedRef): HashedRef =>
  "secretHash" in ref ? ref : { refId: ref.refId, secretHash: secretHash(ref.secret) };
