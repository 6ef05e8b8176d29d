/** The audit is whole (S-16): each method, stream, content and link, and what was refused of them. */
import { createHash } from "node:crypto";
import { newId } from "@holdfast/kernel";
import type { AuditEntry, ShareArgs, ShareMethod } from "@holdfast/protocol";
import type { ShareSink } from "@holdfast/share";
import { expect, test } from "vitest";
import { METHOD_ROUTES } from "../src/http/method-routes.ts";
import { codeOf, ids, KEY, message, newRef, PEER, Publisher, session, world } from "./share-fixture.ts";

/** The line that a method leaves; none for a list of shares, which is a use of no share and no ref. */
const ACTIONS: Readonly<Record<ShareMethod, string | undefined>> = {
  createShare: "createShare",
  listShares: undefined,
  revokeShare: "revokeShare",
  confirmShare: "confirmShare",
  updateShare: "updateShare",
  redeemShare: "redeemShare",
  hello: "hello",
  openWriter: "openWriter",
  beginStream: "beginStream",
  commitStream: "commitStream",
  appendOps: "appendOps",
  syncShare: "syncShare",
  bumpEpoch: "bumpEpoch",
  readSession: "read",
  readMessages: "read",
  readChanges: "read",
  readComments: "read",
  comment: "comment",
  attenuate: "attenuate",
  listRefs: "listRefs",
  revokeCapability: "revokeCapability",
  readAudit: "readAudit",
};

const bare = ({ refId, secretHash }: ReturnType<typeof newRef>) => ({ refId, secretHash });

/** How often each action stands in the audit, by the ref that did it. */
async function counts(publisher: Publisher): Promise<Record<string, number>> {
  publisher.world.clock.advance(5_000);
  const { items } = await publisher.call("readAudit", { limit: 200 }, KEY);
  const nameOf = ({ action, refId }: AuditEntry): string =>
    `${action} ${refId === publisher.append.refId ? "append" : refId === publisher.owner.refId ? "owner" : (refId ?? "nobody")}`;
  const all: Record<string, number> = {};
  for (const entry of items) all[nameOf(entry)] = (all[nameOf(entry)] ?? 0) + entry.count;
  return all;
}

const silent: ShareSink = {
  control: () => undefined,
  deliver: () => undefined,
  backlog: () => 0,
  drained: () => Promise.resolve(),
  end: () => undefined,
  onLeave: () => undefined,
};

test("[S-16] each method leaves its line, and no other", async () => {
  const publisher = new Publisher(world());
  const { messageId } = ids();
  const { owner, append } = publisher;
  const link = newRef();
  const next = newRef();
  const left: Partial<Record<ShareMethod, string[]>> = {};
  let before: Record<string, number> = {};
  const play = async <M extends ShareMethod>(method: M, work: () => Promise<unknown>) => {
    await work();
    const now = await counts(publisher);
    const grown = Object.keys(now).filter((name) => now[name] !== before[name]);
    // Looking at the audit is a use too.
    left[method] = grown.map((name) => name.split(" ")[0] ?? "").filter((name) => name !== "readAudit");
    before = now;
  };
  const call = <M extends ShareMethod>(method: M, args: ShareArgs<M>, bearer: string) =>
    play(method, () => publisher.call(method, args, bearer));
  await play("createShare", () => publisher.create());
  await call("hello", {}, append.secret);
  await play("openWriter", () => publisher.open());
  await play("beginStream", () => publisher.begin());
  await play("appendOps", () => publisher.publish(session(), message(messageId, 0)));
  await play("commitStream", () => publisher.commit());
  await call("updateShare", { title: "x" }, owner.secret);
  await call("attenuate", { ...bare(link), rights: ["comment"] }, owner.secret);
  for (const method of ["redeemShare", "readSession", "readMessages", "readChanges", "readComments"] as const)
    await call(method, {}, link.secret);
  await call("comment", { id: newId("cmt"), on: messageId, text: "x" }, link.secret);
  await call("listRefs", {}, owner.secret);
  await call("revokeCapability", { refId: link.refId }, owner.secret);
  await call("listShares", {}, KEY);
  await call("bumpEpoch", { from: 1, owner: bare(next) }, owner.secret);
  await play("readAudit", () => publisher.call("readAudit", {}, next.secret));
  await call("revokeShare", {}, next.secret);
  const wanted = Object.entries(left).map(([method]) => {
    const action = ACTIONS[method as ShareMethod];
    return [method, action === undefined || action === "readAudit" ? [] : [action]];
  });
  expect(Object.entries(left)).toEqual(wanted);
  expect(before["readAudit nobody"]).toBeGreaterThan(0);
  expect(before[`readAudit ${next.refId}`]).toBe(1);
  const rest = Object.keys(ACTIONS).filter((method) => !(method in left));
  expect(rest).toEqual(["confirmShare", "syncShare"]);
});

test("[S-16, S-24] what a restore and the older way leave", async () => {
  const first = await new Publisher(world()).started(session());
  await first.world.store.run("renewStore", {});
  await first.call("confirmShare", {});
  expect((await counts(first))["confirmShare append"]).toBe(1);
  const { service } = first.world;
  const { id, secret } = await service.createWhole({ bearer: KEY, peer: PEER }, { isPublic: true });
  const whole = Object.assign(new Publisher(first.world), { shareId: id });
  await whole.call(
    "syncShare",
    { data: [{ type: "session", data: session().payload["session"] as never }] },
    secret,
  );
  await service.readWhole(id, { peer: PEER });
  const entries = await counts(whole);
  expect(Object.keys(entries).map((name) => name.split(" ")[0])).toEqual(
    expect.arrayContaining(["createShare", "syncShare", "read"]),
  );
  expect(entries["read nobody"]).toBe(1);
});

test("[S-16] streams, contents and links are uses, and so is what was refused of them", async () => {
  const publisher = await new Publisher(world()).started(session());
  const { service } = publisher.world;
  const { shareId, append } = publisher;
  const link = await publisher.link();
  const caller = { bearer: link.secret, peer: PEER };
  const bytes = new TextEncoder().encode("content");
  const hash = createHash("sha256").update(bytes).digest("hex");
  await service.putBlob({ shareId, hash, bytes, caller: { ...caller, bearer: append.secret } });
  await service.subscribe({ shareId, caller }, () => silent);
  await service.redeemLink(caller);
  await codeOf(service.getBlob({ shareId, hash, caller }));
  expect(await codeOf(service.putBlob({ shareId, hash, bytes, caller }))).toBe("FORBIDDEN");
  expect(await codeOf(publisher.call("revokeShare", {}, link.secret))).toBe("FORBIDDEN");
  await publisher.call("revokeCapability", { refId: link.refId }, publisher.owner.secret);
  expect(await codeOf(service.redeemLink(caller))).toBe("REF_NOT_VALID");
  expect(await codeOf(service.subscribe({ shareId, caller }, () => silent))).toBe("REF_NOT_VALID");
  await codeOf(publisher.call("readSession", {}, newRef().secret));
  expect(await counts(publisher)).toMatchObject({
    "putBlob append": 1,
    [`live ${link.refId}`]: 1,
    [`redeemShare ${link.refId}`]: 1,
    [`read ${link.refId}`]: 1,
    [`refused ${link.refId}`]: 4,
    "refused nobody": 1,
  });
  const { items } = await publisher.call("listRefs", {}, publisher.owner.secret);
  const lastUsed = items.find(({ id }) => id === link.refId)?.time.lastUsed;
  expect(lastUsed).toBeLessThan(publisher.world.clock.now());
});

test("[S-2] the document says of each method whether the key of its share may call it", async () => {
  const publisher = await new Publisher(world()).started(session());
  const { refId } = publisher.owner;
  const args: Partial<Record<ShareMethod, object>> = {
    revokeCapability: { refId },
    bumpEpoch: { from: 9, owner: bare(newRef()) },
  };
  const calls = METHOD_ROUTES.filter(({ bearer, name }) => bearer !== "publishKey" && name !== "revokeShare");
  const taken: string[] = [];
  for (const { name } of calls) {
    const needed = args[name as ShareMethod] ?? {};
    const code = await codeOf(publisher.call(name as "hello", needed as never, KEY));
    if (code !== "FORBIDDEN" && code !== "INVALID_REQUEST") taken.push(name);
  }
  const told = calls.filter(({ bearer }) => bearer === "anyOfThem").map(({ name }) => name);
  expect(taken).toEqual(told);
});
