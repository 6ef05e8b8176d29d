import {
  durable,
  type Intent,
  type IntentTransport,
  intentsInMemory,
  intentsOverHttp,
  NoWayError,
} from "@holdfast/client";
import { intentsOverBatch, intentsOverSocket } from "@holdfast/client/rpc";
import { type CreatedRef, type Right, type SessionCommentList, type SessionId } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type LosingWire, openLosingWire } from "../../../../test/harness/losing-wire.ts";
import { ServerUnderTest } from "./server-under-test.ts";

type Place = { url: string; token: string };
const WAYS: [string, (place: Place) => IntentTransport][] = [
  ["REST", intentsOverHttp],
  ["capnweb batch", intentsOverBatch],
  ["capnweb WebSocket", intentsOverSocket],
];

let server: ServerUnderTest;
let wire: LosingWire;
let id: SessionId;
let secret: string;
let place: Place;
beforeAll(async () => {
  wire = await openLosingWire();
  server = await ServerUnderTest.start({ names: [wire.host] });
  wire.leadTo(server.url);
});
beforeEach(async () => {
  wire.loses = undefined;
  wire.takeSaid();
  id = await server.createSession();
  const rights: Right[] = ["comment", "prompt", "share"];
  const body = { target: { kind: "session", id }, rights };
  secret = (await server.call<CreatedRef>("POST", "/api/refs", body, 201)).secret ?? "";
  place = { url: wire.url, token: secret };
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await wire[Symbol.asyncDispose]();
});

const parts = (text: string) => [{ type: "text" as const, text }];
const atOnce = () => new Promise<void>((resume) => setTimeout(resume, 0));
const open = (...transports: [IntentTransport, ...IntentTransport[]]) =>
  durable({ intents: intentsInMemory(), transports, wait: atOnce });
const ownRef = async () => {
  const { items } = await server.store.listRefs({ sessionId: id, limit: 1, now: Date.now() });
  return items[0]?.id ?? ("" as never);
};
const comments = async () =>
  (await server.call<SessionCommentList>("GET", `/api/sessions/${id}/comments?limit=200`)).items;

describe.each(WAYS)("durable calls of a ref on a real server over %s", (_name, way) => {
  test("[S-27] an answer that is lost, and a program that ends then, make one input, with the answer for the next program", async () => {
    const intents = intentsInMemory();
    wire.loses = () => undefined;
    const first = await durable({ intents, transports: [way(place)] });
    const call = first.call("prompt", { sessionId: id, parts: parts("once") });
    await vi.waitFor(async () => expect((await server.sessions.listInputs(id)).items).toHaveLength(1));
    await first.close();
    wire.loses = undefined;
    const second = await durable({ intents, transports: [way(place)] });
    const admitted = (await second.result(call.opId)) as { input: { id: string } };
    const { items } = await server.sessions.listInputs(id);
    expect(items.map((input) => input.id)).toEqual([admitted.input.id]);
    await second.close();
  });

  test("[S-27] a group whose answer is lost is sent again the same, is done once, and its answers are given", async () => {
    const ref = await open(way(place));
    const parentId = await ownRef();
    wire.loses = () => (wire.loses = undefined);
    const asked = ref.call("prompt", { sessionId: id, parts: parts("a") });
    const said = ref.call("comment", {
      sessionId: id,
      on: asked.field("message", "info", "id"),
      text: "about it",
    });
    const made = ref.call("attenuate", { parentId, rights: ["read"] });
    const { input, message } = await asked.result;
    expect([(await said.result).on, (await made.result).ref.parentId]).toEqual([message.info.id, parentId]);
    await ref.close();
    expect((await server.sessions.listInputs(id)).items.map(({ id }) => id)).toEqual([input.id]);
    expect((await comments()).map(({ id }) => id)).toEqual([(await said.result).id]);
    expect((await server.store.listRefs({ sessionId: id, limit: 9, now: Date.now() })).items).toHaveLength(2);
    const [first = [], ...again] = wire.takeSaid();
    expect(first.length).toBeGreaterThan(0);
    expect(again.map((messages) => messages.slice(0, first.length))).toContainEqual(first);
  });

  test("[S-27] calls of one tick go in order, and what an earlier one answers stands in a later one", async () => {
    const ref = await open(way(place));
    const asked = ref.call("prompt", { sessionId: id, parts: parts("a") });
    const said = ref.call("comment", {
      sessionId: id,
      on: asked.field("message", "info", "id"),
      text: "about it",
    });
    const taken = ref.call("cancel", { turnId: asked.field("turn", "id") });
    const { input, message } = await asked.result;
    expect((await said.result).on).toBe(message.info.id);
    expect((await taken.result).state).toBe("aborted");
    expect((await server.sessions.getInput(input.id)).state).toBe("removed");
    const many = Array.from({ length: 5 }, (_, at) =>
      ref.call("comment", { sessionId: id, on: message.info.id, text: `${at}` }),
    );
    const ids = (await Promise.all(many.map(({ result }) => result))).map(({ id }) => id);
    expect(
      (await comments())
        .map(({ id }) => id)
        .toReversed()
        .slice(1),
    ).toEqual(ids);
    await ref.close();
  });

  test("[S-27] what is refused fails alone with what needs it, also when the ref is taken back meanwhile", async () => {
    const ref = await open(way(place));
    const refused = ref.call("prompt", { sessionId: id, parts: parts("/init") });
    const needs = ref.call("cancel", { turnId: refused.field("turn", "id") });
    const after = ref.call("prompt", { sessionId: id, parts: parts("after") }, { after: [refused.opId] });
    const other = ref.call("prompt", { sessionId: id, parts: parts("fine") });
    const lacks = ref.call("comment", { sessionId: id, on: other.field("nothing"), text: "x" });
    await expect(refused.result).rejects.toMatchObject({ code: "UNPROCESSABLE" });
    await expect(needs.result).rejects.toMatchObject({ code: "DEPENDENCY_UNMET" });
    await expect(after.result).rejects.toMatchObject({ code: "DEPENDENCY_UNMET" });
    await expect(lacks.result).rejects.toMatchObject({ code: "DEPENDENCY_UNMET" });
    expect((await other.result).input.state).toBe("queued");
    expect((await server.sessions.listInputs(id)).items).toHaveLength(1);
    await server.call("POST", `/api/refs/${await ownRef()}/revoke`, {});
    const late = ref.call("prompt", { sessionId: id, parts: parts("late") });
    await expect(late.result).rejects.toMatchObject({ code: "REF_NOT_VALID" });
    await ref.close();
  });

  test("[S-25] a narrower ref that is asked for with a lost answer is made once, and its secret works", async () => {
    wire.loses = () => (wire.loses = undefined);
    const parentId = await ownRef();
    const ref = await open(way(place));
    const made = await ref.call("attenuate", { parentId, rights: ["read"] }).result;
    const headers = { authorization: `Bearer ${made.secret}` };
    const redeemed = await server.fetch("/api/refs/redeem", { method: "POST", json: {}, headers });
    expect([redeemed.status, ((await redeemed.json()) as { ref: { id: string } }).ref.id]).toEqual([
      200,
      made.ref.id,
    ]);
    expect((await server.store.listRefs({ sessionId: id, limit: 9, now: Date.now() })).items).toHaveLength(2);
    await ref.close();
  });

  test("[S-27] an input that was withdrawn with a lost answer counts as withdrawn", async () => {
    const ref = await open(way(place));
    const { input } = await ref.call("prompt", { sessionId: id, parts: parts("no") }).result;
    wire.loses = () => (wire.loses = undefined);
    expect(await ref.call("withdraw", { inputId: input.id }).result).toBeUndefined();
    expect((await server.sessions.getInput(input.id)).state).toBe("removed");
    await ref.close();
  });

  test("[S-27] what is longer than a message may be is done too", async () => {
    const ref = await open(way(place));
    const url = `data:text/plain;base64,${"QUJD".repeat(400_000)}`;
    const file = { type: "file" as const, mime: "text/plain", url, filename: "long.txt" };
    const calls = [parts("before"), [file], parts("behind")].map((parts) =>
      ref.call("prompt", { sessionId: id, parts }),
    );
    const ids = (await Promise.all(calls.map(({ result }) => result))).map(({ input }) => input.id);
    expect((await server.sessions.listInputs(id)).items.map(({ id }) => id).toSorted()).toEqual(
      ids.toSorted(),
    );
    await ref.close();
  });
});

describe("several ways", () => {
  test("[S-27, S-31] an outcome that is unknown on WebSocket is found out by REST, with the same operation ids, and done once", async () => {
    wire.loses = () => undefined;
    const parentId = await ownRef();
    const lost: string[][] = [];
    const ref = await durable({
      intents: intentsInMemory(),
      transports: [intentsOverSocket(place), intentsOverHttp(place)],
      wait: async () => {
        lost.push(...wire.takeSaid());
        wire.loses = undefined;
        await atOnce();
      },
    });
    const asked = ref.call("prompt", { sessionId: id, parts: parts("once") });
    const said = ref.call("comment", {
      sessionId: id,
      on: asked.field("message", "info", "id"),
      text: "about it",
    });
    const made = ref.call("attenuate", { parentId, rights: ["read"] });
    const ended = ref.call("revoke", { refId: made.field("ref", "id") });
    const { input } = await asked.result;
    const comment = await said.result;
    expect((await ended.result).ref.id).toBe((await made.result).ref.id);
    await ref.close();
    expect(lost).toHaveLength(1);
    expect(
      wire
        .takeSaid()
        .flat()
        .map((message) => message.split("\n")[1] ?? "")
        .toSorted(),
    ).toEqual([asked, said, made, ended].map(({ opId }) => opId).toSorted());
    expect((await server.sessions.listInputs(id)).items.map(({ id }) => id)).toEqual([input.id]);
    expect((await comments()).map(({ id }) => id)).toEqual([comment.id]);
    expect((await server.store.listRefs({ sessionId: id, limit: 9, now: Date.now() })).items).toHaveLength(2);
  });

  test("[S-27] of a group that is more than a ref may do now, what is first is done first, and the rest later", async () => {
    const ref = await durable({
      intents: intentsInMemory(),
      transports: [intentsOverBatch(place)],
      wait: (_ms, signal) => new Promise((resume) => signal.addEventListener("abort", () => resume())),
    });
    const calls = Array.from({ length: 7 }, (_, at) =>
      ref.call("prompt", { sessionId: id, parts: parts(`${at}`) }),
    );
    const behind = ref.call("comment", {
      sessionId: id,
      on: "msg_01111111111111111111111101" as never,
      text: "x",
    });
    const done = await Promise.all(calls.slice(0, 6).map(({ result }) => result));
    expect((await server.sessions.listInputs(id)).items.map(({ id }) => id)).toEqual(
      done.map(({ input }) => input.id),
    );
    await vi.waitFor(() => expect(ref.waiting()[0]?.lastError?.code).toBe("RATE_LIMITED"));
    expect(ref.waiting().map(({ opId }) => opId)).toEqual([calls[6]?.opId, behind.opId]);
    await ref.close();
  });

  test("[S-31] a server without the doors of capnweb is asked by REST at once", async () => {
    const waits: number[] = [];
    const nowhere = { url: `${wire.url}/none`, token: secret };
    const ref = await durable({
      intents: intentsInMemory(),
      transports: [intentsOverSocket(nowhere), intentsOverBatch(nowhere), intentsOverHttp(place)],
      wait: (ms) => (waits.push(ms), atOnce()),
    });
    const { input } = await ref.call("prompt", { sessionId: id, parts: parts("a") }).result;
    expect(input.state).toBe("queued");
    expect(waits).toEqual([]);
    await ref.close();
  });

  test("[S-27] a group goes over capnweb as one message, redeemed and with its needs in it", async () => {
    const ref = await open(intentsOverBatch(place));
    const asked = ref.call("prompt", { sessionId: id, parts: parts("a") });
    const said = ref.call("comment", { sessionId: id, on: asked.field("message", "info", "id"), text: "b" });
    await Promise.all([asked.result, said.result]);
    await ref.close();
    const [[request = ""] = [], ...more] = wire.takeSaid();
    expect(more).toEqual([]);
    const calls = request.split("\n").flatMap((line) => {
      const [kind, what] = line.startsWith("[") ? (JSON.parse(line) as [string, unknown]) : [];
      return kind === "push" ? [what] : [];
    });
    const whole = ["pipeline", 2];
    const part = ["pipeline", 2, ["message", "info", "id"]];
    expect(calls).toEqual([
      ["pipeline", 0, ["redeem"], [secret]],
      ["pipeline", 1, ["prompt"], [{ sessionId: id, parts: [parts("a")] }, { opId: asked.opId }]],
      [
        "pipeline",
        1,
        ["comment"],
        [
          { sessionId: id, on: part, text: "b" },
          { opId: said.opId, needs: [[whole, part]] },
        ],
      ],
    ]);
  });

  test("[S-31] a door that is none is told from one that gives no answer", async () => {
    const nowhere = { url: `${wire.url}/none`, token: secret };
    const told: unknown[] = [];
    const intent: Intent = {
      opId: "sop_1",
      batchId: "bat_1",
      seq: 1,
      method: "comment",
      args: {},
      dependsOn: [],
      state: "in_flight",
      attempts: 1,
    };
    const context = {
      intentOf: () => intent,
      tell: (outcome: unknown) => Promise.resolve(void told.push(outcome)),
      signal: new AbortController().signal,
    };
    for (const way of [intentsOverSocket(nowhere), intentsOverBatch(nowhere)])
      await expect(way.send([intent], context)).rejects.toBeInstanceOf(NoWayError);
    wire.loses = () => undefined;
    for (const way of [intentsOverSocket(place), intentsOverBatch(place)])
      await expect(way.send([intent], context)).rejects.not.toBeInstanceOf(NoWayError);
    expect(told).toEqual([]);
  });
});
