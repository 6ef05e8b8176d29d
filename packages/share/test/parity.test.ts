/** One play of all methods over REST, capnweb batch and capnweb WebSocket: what the publisher is told must be the same, word for word (S-11). */
import { createHash } from "node:crypto";
import { newId } from "@holdfast/kernel";
import { SHARE_METHODS, type ShareArgs, type ShareMethod, type ShareResult } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { DistantPublisher, serve, WAYS } from "./served.ts";
import { ids, KEY, message, newRef, session, text, world } from "./share-fixture.ts";

/** What was told, step by step, with ids and hashes named by the order in which they came. */
class Transcript {
  readonly lines: string[] = [];
  readonly #names = new Map<string, string>();

  add(step: string, told: unknown): void {
    this.lines.push(`${step}: ${this.#named(JSON.stringify(told, withoutRequest))}`);
  }

  #named(words: string): string {
    return words.replaceAll(/\b[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\b|\b[0-9a-f]{64}\b/g, (id) => {
      const name = this.#names.get(id) ?? `#${this.#names.size}`;
      this.#names.set(id, name);
      return name;
    });
  }
}

const withoutRequest = (name: string, value: unknown): unknown =>
  name === "requestId" || name === "storeId" ? "given" : value;

class Player extends DistantPublisher {
  readonly transcript = new Transcript();
  readonly called = new Set<ShareMethod>();

  override async call<M extends ShareMethod>(
    method: M,
    args: ShareArgs<M>,
    secret?: string,
  ): Promise<ShareResult<M>> {
    this.called.add(method);
    try {
      const result = await super.call(method, args, secret);
      this.transcript.add(method, result);
      return result;
    } catch (error) {
      const { code, data } = error as { code: string; data: unknown };
      // What a stub has no method for never reaches the service, so nobody can say which right it lacks.
      this.transcript.add(method, code === "FORBIDDEN" ? { code } : { code, data });
      throw error;
    }
  }

  /** A call that is refused. */
  async refused<M extends ShareMethod>(method: M, args: ShareArgs<M>, secret?: string): Promise<void> {
    await this.call(method, args, secret).catch(() => undefined);
  }
}

async function publishing(player: Player): Promise<void> {
  const { messageId, partId } = ids();
  await player.create();
  await player.create();
  await player.call("listShares", {}, KEY);
  await player.open();
  await player.begin();
  const first = player.freeze([session(), message(messageId, 1), text(partId, messageId, "hello")]);
  await player.send(first);
  await player.call("appendOps", first);
  const [op] = first.ops;
  if (op === undefined) throw new Error("A batch has operations.");
  const other = { ...op, payloadHash: "0".repeat(64) };
  await player.refused("appendOps", { ...first, ops: [other] });
  await player.refused("appendOps", { ...player.freeze([session("B")]), expectedCursor: 9 });
  const behind = player.freeze([session("B")]);
  await player.refused("appendOps", {
    ...behind,
    expectedCursor: 1,
    ops: behind.ops.map((each) => ({ ...each, seq: 2 })),
  });
  await player.refused("appendOps", { ...player.freeze([session("B")]), previousChain: "0".repeat(64) });
  await player.refused("appendOps", player.freeze([session("B")], { writerEpoch: 7 }));
  await player.refused("appendOps", player.freeze([session("B")], { capabilityEpoch: 7 }));
  await player.refused("appendOps", player.freeze([session("B")], { stream: newId("stm") }));
  await player.refused("appendOps", { ...player.freeze([session("B")]), ops: [] });
  await player.publish({ type: "session.updated", payload: { session: { title: 1 } } }, session("C"));
  // Names that capnweb does not carry, and empty lists, which it writes otherwise.
  const input = JSON.parse('{"constructor":{"toJSON":[[],{}]},"list":[[["a"]]],"none":[]}') as Record<
    string,
    unknown
  >;
  const tool = {
    id: newId("prt"),
    messageId,
    ordinal: 1,
    type: "tool",
    callId: "1",
    tool: "bash",
    state: { status: "pending", input, raw: "" },
  };
  await player.publish({ type: "message.part.updated", payload: { part: tool } });
  const bytes = new TextEncoder().encode("content");
  const hash = createHash("sha256").update(bytes).digest("hex");
  const file = {
    id: newId("prt"),
    messageId,
    ordinal: 2,
    type: "file",
    mime: "text/plain",
    blob: `sha256:${hash}`,
  };
  const named = player.freeze([
    { type: "message.part.updated", payload: { part: file }, dependsOn: [`sha256:${hash}`] },
  ]);
  await player.refused("appendOps", named);
  const { shareId, append } = player;
  const put = { shareId, secret: append.secret, hash, bytes };
  player.transcript.add("putBlob", await player.transport.putBlob(put));
  await player.send(named);
  await player.call("hello", {});
  await player.refused("syncShare", { data: [] });
  await player.commit();
  await player.call("hello", {});
}

async function reading(player: Player): Promise<void> {
  const { owner } = player;
  const reader = await player.link({ rights: ["read", "comment"], label: "Ada" });
  await player.call("redeemShare", {}, reader.secret);
  await player.call("readSession", {}, reader.secret);
  const { items } = await player.call("readMessages", { limit: 1 }, reader.secret);
  await player.call("readChanges", {}, reader.secret);
  const comment = { id: newId("cmt"), on: items[0]?.info.id ?? newId("msg"), text: "good [[]]" };
  await player.call("comment", comment, reader.secret);
  await player.call("comment", comment, reader.secret);
  await player.call("readComments", {}, reader.secret);
  await player.refused("appendOps", player.freeze([session("D")]), reader.secret);
  await player.refused(
    "attenuate",
    { refId: newId("ref"), secretHash: newRef().secretHash, rights: ["read"] },
    reader.secret,
  );
  await player.refused(
    "attenuate",
    { refId: newId("ref"), secretHash: newRef().secretHash, rights: ["append"] },
    owner.secret,
  );
  await player.refused("readMessages", { limit: 0 }, reader.secret);
  await player.refused("readMessages", { before: "nonsense" }, reader.secret);
  await player.call("listRefs", {}, owner.secret);
  await player.call("revokeCapability", { refId: reader.refId, reason: "over" }, owner.secret);
  await player.refused("readSession", {}, reader.secret);
  await player.refused("redeemShare", {}, reader.secret);
  await player.refused("redeemShare", {}, newRef().secret);
}

async function ending(player: Player): Promise<void> {
  const { owner } = player;
  const [nextOwner, nextAppend] = [newRef(), newRef()];
  const only = ({ refId, secretHash }: ReturnType<typeof newRef>) => ({ refId, secretHash });
  const later = player.freeze([session("E")]);
  await player.call("updateShare", { title: "Renamed" }, owner.secret);
  await player.call("bumpEpoch", { from: 1, owner: only(nextOwner), append: only(nextAppend) }, owner.secret);
  await player.refused("appendOps", later);
  await player.refused("readSession", {}, owner.secret);
  await player.refused("appendOps", later, nextAppend.secret);
  await player.call("appendOps", { ...later, capabilityEpoch: 2 }, nextAppend.secret);
  await player.call("confirmShare", {}, nextAppend.secret);
  await player.refused(
    "openWriter",
    { publisher: newId("pub"), nonce: newRef().secretHash, earlier: [] },
    nextAppend.secret,
  );
  const audit = await player.call("readAudit", {}, nextOwner.secret);
  // Over capnweb a batch goes with a redemption, which is told too; what was done is the same.
  player.transcript.lines.pop();
  const writes = audit.items.filter(({ action }) => !/redeem|read|live/.test(action));
  player.transcript.add("audit", writes.map(({ action }) => action).toSorted());
  await player.call("revokeShare", {}, nextOwner.secret);
  await player.call("revokeShare", {}, nextOwner.secret);
  await player.refused("hello", {}, nextAppend.secret);
  await player.create().catch(() => undefined);
}

describe("the same words over every way", () => {
  test("[S-11, S-22, S-25, I-20] all methods answer and refuse alike over REST, capnweb batch and capnweb WebSocket", async () => {
    const told: [string, string[]][] = [];
    for (const [way, connect] of WAYS) {
      const here = world();
      await using served = await serve(here);
      const player = new Player(here, connect(served.origin));
      await publishing(player);
      await reading(player);
      await ending(player);
      player.transport.close();
      expect([...player.called].toSorted()).toEqual(Object.keys(SHARE_METHODS).toSorted());
      told.push([way, player.transcript.lines]);
    }
    const [rest, batch, socket] = told.map(([, lines]) => lines);
    expect(rest?.join("\n")).toContain('"constructor":{"toJSON":[[],{}]}');
    expect(rest?.join("\n")).not.toMatch(/"code":"(unknown|missing|INTERNAL)"/);
    expect(batch).toEqual(rest);
    expect(socket).toEqual(rest);
  });
});
