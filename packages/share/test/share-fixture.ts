/** A share service on a database in memory, with time by hand, and a publisher that speaks to it as S-6 says. */
import {
  chainAfter,
  FakeClock,
  newId,
  newRefSecret,
  payloadHash,
  secretHash,
  silentLogger,
} from "@holdfast/kernel";
import {
  type AppendAnswer,
  EMPTY_CHAIN,
  keyOf,
  type MessageId,
  type OperationType,
  type PartId,
  type RefId,
  type ShareArgs,
  type ShareId,
  type ShareMethod,
  type ShareOperation,
  type ShareResult,
  type StreamId,
} from "@holdfast/protocol";
import {
  commandModule,
  memoryBlobs,
  type ShareBlobs,
  ShareService,
  type ShareStore,
  shareStoreOn,
} from "@holdfast/share";
import { openInlineRunner, type SqlValue } from "@holdfast/sqlite";

export const KEY = "publish-key-".padEnd(40, "k");
export const PEER = "192.0.2.1";

export type World = {
  service: ShareService;
  store: ShareStore;
  clock: FakeClock;
  blobs: ShareBlobs;
  /** The whole database now; `from` opens it again. */
  bytes(): Uint8Array;
  /** The statements by which a piece of work reads, in their order. */
  statementsOf(work: () => Promise<unknown>): Promise<string[]>;
};

export function world(
  options: {
    from?: Uint8Array;
    clock?: FakeClock;
    blobs?: ShareBlobs;
    keys?: string[];
    quotaBytes?: number;
  } = {},
): World {
  const { clock = new FakeClock(), blobs = memoryBlobs(), keys = [KEY] } = options;
  const runner = openInlineRunner({
    module: commandModule,
    clock,
    ...(options.from === undefined ? {} : { from: options.from }),
  });
  let heard: string[] | undefined;
  const inner = runner.reader;
  const reader: typeof inner = {
    ...inner,
    get: <T>(sql: string, params?: readonly SqlValue[]) => {
      heard?.push(sql);
      return inner.get<T>(sql, params);
    },
    all: <T>(sql: string, params?: readonly SqlValue[]) => {
      heard?.push(sql);
      return inner.all<T>(sql, params);
    },
  };
  const store = shareStoreOn({ ...runner, reader }, { clock, blobs });
  const service = new ShareService({
    store,
    clock,
    logger: silentLogger,
    keys,
    quotaBytes: options.quotaBytes,
  });
  return {
    service,
    store,
    clock,
    blobs,
    bytes: () => runner.bytes(),
    async statementsOf(work) {
      const statements: string[] = [];
      heard = statements;
      await work().finally(() => (heard = undefined));
      return statements;
    },
  };
}

/** The code that a call was refused with; `undefined` when it was not. */
export const codeOf = (call: Promise<unknown>): Promise<string | undefined> =>
  call.then(
    () => undefined,
    (error: Error & { code?: string }) => error.code ?? error.message,
  );

export const dataOf = (call: Promise<unknown>): Promise<Record<string, unknown> | undefined> =>
  call.then(
    () => undefined,
    (error: { data?: Record<string, unknown> }) => error.data,
  );

export type Ref = { refId: RefId; secret: string; secretHash: string };

export function newRef(): Ref {
  const secret = newRefSecret();
  return { refId: newId("ref"), secret, secretHash: secretHash(secret) };
}

export type Draft = { type: OperationType; payload: Record<string, unknown>; dependsOn?: string[] };

/** The publisher's end of one share. */
export class Publisher {
  readonly world: World;
  readonly shareId: ShareId = newId("shr");
  readonly publisherId = newId("pub");
  owner = newRef();
  append = newRef();
  nonce = secretHash(newId("pub"));
  earlier: string[] = [];
  stream: StreamId = newId("stm");
  writerEpoch = 0;
  capabilityEpoch = 1;
  cursor = 0;
  chain = EMPTY_CHAIN;

  constructor(target: World) {
    this.world = target;
  }

  call<M extends ShareMethod>(
    method: M,
    args: ShareArgs<M>,
    bearer = this.append.secret,
  ): Promise<ShareResult<M>> {
    return this.world.service.call(method, { shareId: this.shareId, args, caller: { bearer, peer: PEER } });
  }

  create(more: Partial<ShareArgs<"createShare">> = {}): Promise<ShareResult<"createShare">> {
    const only = ({ refId, secretHash: hash }: Ref) => ({ refId, secretHash: hash });
    const args = {
      shareId: this.shareId,
      title: "A session",
      owner: only(this.owner),
      append: only(this.append),
      ...more,
    };
    return this.call("createShare", args, KEY);
  }

  async open(): Promise<void> {
    const args = { publisher: this.publisherId, nonce: this.nonce, earlier: this.earlier };
    ({ writerEpoch: this.writerEpoch } = await this.call("openWriter", args));
  }

  get epochs(): { writerEpoch: number; capabilityEpoch: number } {
    return { writerEpoch: this.writerEpoch, capabilityEpoch: this.capabilityEpoch };
  }

  async begin(): Promise<void> {
    this.stream = newId("stm");
    await this.call("beginStream", { stream: this.stream, ...this.epochs });
    this.cursor = 0;
    this.chain = EMPTY_CHAIN;
  }

  commit(): Promise<ShareResult<"commitStream">> {
    const { stream, cursor, chain } = this;
    return this.call("commitStream", { stream, cursor, chain, ...this.epochs });
  }

  /** A frozen batch behind what was acknowledged. */
  freeze(drafts: readonly Draft[], more: Partial<ShareArgs<"appendOps">> = {}): ShareArgs<"appendOps"> {
    const batchId = newId("bat");
    const ops = drafts.map(({ type, payload, dependsOn = [] }, at): ShareOperation => ({
      opId: newId("sop"),
      batchId,
      seq: this.cursor + 1 + at,
      type,
      key: keyOf(type, payload),
      dependsOn,
      payload,
      payloadHash: payloadHash(payload),
    }));
    const { stream, cursor, chain } = this;
    return {
      stream,
      ...this.epochs,
      expectedCursor: cursor,
      previousChain: chain,
      acknowledged: cursor,
      batchId,
      ops,
      ...more,
    };
  }

  async send(batch: ShareArgs<"appendOps">): Promise<AppendAnswer> {
    const answer = await this.call("appendOps", batch);
    this.cursor = answer.cursor;
    this.chain = answer.chain;
    return answer;
  }

  publish(...drafts: Draft[]): Promise<AppendAnswer> {
    return this.send(this.freeze(drafts));
  }

  /** A share with one committed stream. */
  async started(...drafts: Draft[]): Promise<this> {
    await this.create();
    await this.open();
    await this.begin();
    if (drafts.length > 0) await this.publish(...drafts);
    await this.commit();
    return this;
  }

  /** A ref below another one, the owner's by default. */
  async link(args: Partial<ShareArgs<"attenuate">> = {}, from: Ref = this.owner): Promise<Ref> {
    const ref = newRef();
    const { refId, secretHash: hash } = ref;
    await this.call("attenuate", { refId, secretHash: hash, rights: ["read"], ...args }, from.secret);
    return ref;
  }
}

/** The chain that a publisher computes by itself. */
export const chainOf = (batch: ShareArgs<"appendOps">): string =>
  batch.ops.reduce(
    (chain, { opId, payloadHash: hash }) => chainAfter(chain, opId, hash),
    batch.previousChain,
  );

export const session = (title = "A session", status: "idle" | "busy" = "idle"): Draft => ({
  type: "session.updated",
  payload: { session: { title, agent: "rehearsal", status, time: { created: 1, updated: 2 } } },
});

export const message = (id: MessageId, ordinal: number): Draft => ({
  type: "message.updated",
  payload: { message: { id, ordinal, agent: "rehearsal", role: "user", time: { created: 1 } } },
});

export const text = (id: PartId, messageId: MessageId, words: string, ordinal = 0): Draft => ({
  type: "message.part.updated",
  payload: { part: { id, messageId, ordinal, type: "text", text: words } },
});

export const delta = (partId: PartId, messageId: MessageId, offset: number, words: string): Draft => ({
  type: "message.part.delta",
  payload: { messageId, partId, field: "text", offset, text: words },
});

export const ids = () => ({ messageId: newId("msg"), partId: newId("prt") });

/** Everything that a reader sees, without what differs by the way it was written. */
export async function seen(publisher: Publisher, bearer = publisher.owner.secret) {
  const { session: shown, models, usage, omitted } = await publisher.call("readSession", {}, bearer);
  const { items } = await publisher.call("readMessages", { limit: 200 }, bearer);
  const changes = await publisher.call("readChanges", { limit: 200 }, bearer);
  return { session: shown, models, usage, omitted, items, changes: changes.items };
}
