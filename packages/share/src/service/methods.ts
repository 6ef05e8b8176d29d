/** What each method of `SHARE_METHODS` does. Writes are one command each, which admits its caller itself; reads are admitted in the snapshot that answers them. */
import { newId } from "@holdfast/kernel";
import type { ShareArgs, ShareId, ShareMethod, ShareResult } from "@holdfast/protocol";
import {
  admit,
  type Admitted,
  type Asked,
  type By,
  helloOf,
  listRefs,
  listShares,
  readAudit,
  readChanges,
  readComments,
  readMessages,
  readSession,
  redeemed,
  refNotValid,
  type ShareStore,
  type Sql,
} from "../store/index.ts";
import { prepareOps, prepareRows } from "./prepare-op.ts";

export type MethodContext = {
  store: ShareStore;
  /** Bytes that a new share may have. */
  quota: number;
  /** Streams of a share that are open. */
  viewersOf: (shareId: string) => number;
  /** Notes a read in the audit, and counts it where the ref has a limit. */
  noteRead: (admitted: Admitted, by: By, action: string) => Promise<void>;
};

/** `args` were looked at by the method's schema. */
export type MethodCall<M extends ShareMethod> = { shareId: ShareId; by: By; args: ShareArgs<M> };

export type Methods = {
  readonly [M in ShareMethod]: (context: MethodContext, call: MethodCall<M>) => Promise<ShareResult<M>>;
};

/** Who comes to a method of publish keys with anything else learns no more than that it does not work. */
export const METHODS: Methods = {
  createShare: (context, { by, args }) => {
    if (by.key === undefined) return Promise.reject(refNotValid());
    return context.store.run("createShare", { by, args, quota: context.quota });
  },
  async listShares({ store, viewersOf }, { by: { key }, args }) {
    if (key === undefined) throw refNotValid();
    const list = store.read((sql) => listShares(sql, { key, args, now: store.clock.now() }));
    return { ...list, items: list.items.map((share) => ({ ...share, viewers: viewersOf(share.id) })) };
  },
  revokeShare: ({ store, quota }, { shareId, by }) => store.run("revokeShare", { shareId, by, quota }),
  confirmShare: ({ store }, { shareId, by }) => store.run("confirmShare", { shareId, by }),
  updateShare: ({ store }, call) => store.run("updateShare", call),
  async redeemShare(context, { shareId, by }) {
    return read(context, { shareId, by, access: "anyone", action: "redeemShare" }, redeemed);
  },
  hello: (context, { shareId, by }) =>
    read(
      context,
      { shareId, by, access: "append", keyMay: true, alsoEnded: true, action: "hello" },
      (sql, { share }) => helloOf(sql, share, context.store.clock.now()),
    ),
  openWriter: ({ store }, call) => store.run("openWriter", call),
  beginStream: ({ store }, call) => store.run("beginStream", call),
  commitStream: ({ store }, call) => store.run("commitStream", call),
  async appendOps({ store }, { shareId, by, args }) {
    const { stream, writerEpoch, capabilityEpoch, expectedCursor, previousChain, acknowledged } = args;
    const ops = prepareOps(args);
    const batch = { stream, writerEpoch, capabilityEpoch, expectedCursor, previousChain, acknowledged, ops };
    return store.run("appendOps", { shareId, by, batch });
  },
  async syncShare({ store }, { shareId, by, args }) {
    const { rows, title } = prepareRows(args.data);
    return store.run("syncShare", { shareId, by, rows, title, streamId: newId("stm", store.clock.now()) });
  },
  bumpEpoch: ({ store }, call) => store.run("bumpEpoch", call),
  readSession: (context, { shareId, by }) =>
    read(context, { shareId, by, access: "read", action: "read" }, (sql, { share }) =>
      readSession(sql, share),
    ),
  readMessages: (context, { shareId, by, args }) =>
    read(context, { shareId, by, access: "read", action: "read" }, (sql, { share }) =>
      readMessages(sql, share, args),
    ),
  readChanges: (context, { shareId, by, args }) =>
    read(context, { shareId, by, access: "read", action: "read" }, (sql, { share }) =>
      readChanges(sql, share, args),
    ),
  readComments: (context, { shareId, by, args }) =>
    read(context, { shareId, by, access: "read", action: "read" }, (sql, { share }) =>
      readComments(sql, share, args),
    ),
  comment: ({ store }, call) => store.run("comment", call),
  attenuate: ({ store }, call) => store.run("attenuate", call),
  listRefs: (context, { shareId, by, args }) =>
    read(context, { shareId, by, access: ["share", "admin"], keyMay: true, action: "listRefs" }, (sql, who) =>
      listRefs(sql, who, { now: context.store.clock.now(), args }),
    ),
  revokeCapability: ({ store }, call) => store.run("revokeCapability", call),
  readAudit: (context, { shareId, by, args }) =>
    read(
      context,
      { shareId, by, access: "admin", keyMay: true, alsoEnded: true, action: "readAudit" },
      (sql, { share }) => readAudit(sql, share, args),
    ),
};

type Read = Pick<Asked, "shareId" | "by" | "access" | "keyMay" | "alsoEnded"> & { action: string };

/** One read on one snapshot, noted before it is answered. */
export async function read<T>(
  { store, noteRead }: MethodContext,
  { action, ...asked }: Read,
  work: (sql: Sql, admitted: Admitted) => T,
): Promise<T> {
  const { admitted, result } = store.read((sql) => {
    const who = admit(sql, store.clock.now(), asked);
    return { admitted: who, result: work(sql, who) };
  });
  await noteRead(admitted, asked.by, action);
  return result;
}
