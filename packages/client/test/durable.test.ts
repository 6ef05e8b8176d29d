import {
  durable,
  type GroupContext,
  type Intent,
  intentsInMemory,
  type IntentStore,
  type IntentTransport,
  NoWayError,
  RefCallError,
} from "@holdfast/client";
import { isWholeRefSecret, secretHash } from "@holdfast/kernel";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { withResults } from "../src/intent.ts";
import { chooseRef } from "../src/ref-secret.ts";

const SESSION = "ses_01111111111111111111111101" as never;
const MESSAGE = "msg_01111111111111111111111101" as never;
const comment = (text: string) => ({ sessionId: SESSION, on: MESSAGE, text });

type Answer = (intent: Intent) => { result: unknown } | { error: { code: string; message: string } } | "none";

/** Answers calls as it is told, and remembers each group as it was sent. */
class ScriptedTransport implements IntentTransport {
  readonly groups: string[][] = [];
  answer: Answer = ({ args }) => ({ result: { said: args } });

  async send(group: readonly Intent[], { intentOf, tell }: GroupContext): Promise<void> {
    this.groups.push(group.map(({ opId }) => opId));
    for (const intent of group) {
      if (intent.state !== "in_flight") continue;
      const lost = intent.dependsOn.find((id) => intentOf(id)?.state !== "acked");
      const answer =
        lost === undefined ? this.answer(intent) : { error: { code: "DEPENDENCY_UNMET", message: lost } };
      if (answer === "none") throw new Error("the connection broke");
      await tell({ opId: intent.opId, ...answer });
    }
  }
}

describe("[S-27] calls on a ref that are stored before they are sent", () => {
  let intents: IntentStore;
  let transport: ScriptedTransport;
  const waits: number[] = [];
  beforeEach(() => {
    intents = intentsInMemory();
    transport = new ScriptedTransport();
    waits.length = 0;
  });

  const open = (transports: [IntentTransport, ...IntentTransport[]] = [transport]) =>
    durable({
      intents,
      transports,
      now: () => 1_000,
      random: () => 1,
      wait: (ms) => {
        waits.push(ms);
        return new Promise((resume) => setTimeout(resume, 0));
      },
    });

  test("[S-27] a call is stored as an intent before it is sent, and its answer is given", async () => {
    const ref = await open();
    let storedFirst: Intent[] = [];
    transport.answer = ({ args }) => ({ result: args });
    const send = transport.send.bind(transport);
    transport.send = async (...all) => {
      storedFirst = await intents.load();
      return send(...all);
    };
    const call = ref.call("comment", comment("a"));
    await call.stored;
    expect(await call.result).toEqual(comment("a"));
    expect(storedFirst).toMatchObject([
      { opId: call.opId, seq: 1, method: "comment", state: "in_flight", attempts: 1, dependsOn: [] },
    ]);
    expect(await intents.load()).toMatchObject([{ state: "acked", result: comment("a") }]);
    await ref.close();
  });

  test("[S-27] the calls of one tick are one group, and it is sent again the same after a lost answer", async () => {
    const ref = await open();
    let lost = 1;
    transport.answer = ({ args }) => (args["text"] === "b" && lost-- > 0 ? "none" : { result: args["text"] });
    const calls = ["a", "b", "c"].map((text) => ref.call("comment", comment(text)));
    const ids = calls.map(({ opId }) => opId);
    expect(await Promise.all(calls.map(({ result }) => result))).toEqual(["a", "b", "c"]);
    const later = ref.call("comment", comment("d"));
    await later.result;
    expect(transport.groups).toEqual([ids, ids, [later.opId]]);
    const stored = await intents.load();
    expect(new Set(stored.slice(0, 3).map(({ batchId }) => batchId)).size).toBe(1);
    expect(stored.map(({ attempts }) => attempts)).toEqual([1, 2, 2, 1]);
    expect(waits).toEqual([1_000]);
    await ref.close();
  });

  test("[S-27] what a program left is taken up by the next, with the same ids and groups, and can be awaited there", async () => {
    transport.answer = ({ args }) => (args["text"] === "a" ? { result: "a" } : "none");
    const first = await open();
    const calls = ["a", "b"].map((text) => first.call("comment", comment(text)));
    const ids = calls.map(({ opId }) => opId);
    await vi.waitFor(() => expect(transport.groups.length).toBeGreaterThan(1));
    await first.close();
    // As a death between the sending and the answer leaves it.
    const [, left] = await intents.load();
    await intents.save([{ ...(left as Intent), state: "in_flight" }]);
    transport.groups.length = 0;
    transport.answer = ({ args }) => ({ result: args["text"] });
    const second = await open();
    expect(await Promise.all(ids.map((id) => second.result(id)))).toEqual(["a", "b"]);
    expect(transport.groups).toEqual([ids]);
    await expect(second.result("sop_unknown")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(second.waiting()).toEqual([]);
    const next = second.call("comment", comment("c"));
    await next.stored;
    expect((await intents.load()).at(-1)?.seq).toBe(3);
    await second.close();
  });

  test("[S-27] a call that failed fails what depends on it, and nothing else", async () => {
    const ref = await open();
    transport.answer = ({ method, args }) =>
      method === "attenuate"
        ? { error: { code: "REF_WIDENS", message: "too much" } }
        : { result: args["refId"] ?? args["text"] };
    const made = ref.call("attenuate", { parentId: "ref_x" as never, rights: ["read"] });
    const ended = ref.call("revoke", { refId: made.field("ref", "id") });
    const after = ref.call("comment", comment("after"), { after: [ended.opId] });
    const other = ref.call("comment", comment("other"));
    await expect(made.result).rejects.toEqual(new RefCallError({ code: "REF_WIDENS", message: "too much" }));
    await expect(ended.result).rejects.toMatchObject({ code: "DEPENDENCY_UNMET" });
    await expect(after.result).rejects.toMatchObject({ code: "DEPENDENCY_UNMET" });
    expect(await other.result).toBe("other");
    await expect(ref.result(made.opId)).rejects.toMatchObject({ code: "REF_WIDENS" });
    expect(() => ref.call("comment", comment("x"), { after: ["sop_none"] })).toThrow("No call of this ref");
    await ref.close();
  });

  test("[S-25] a ref that is asked for is chosen and stored before it is sent, and its secret is never sent", async () => {
    const ref = await open();
    let sent: Intent | undefined;
    transport.answer = (intent) => {
      sent = intent;
      return { result: { ref: { id: intent.args["refId"] } } };
    };
    const made = ref.call("attenuate", { parentId: "ref_x" as never, rights: ["read"] });
    const { ref: grant, secret = "" } = await made.result;
    expect(isWholeRefSecret(secret)).toBe(true);
    expect(sent?.args).toMatchObject({ refId: grant.id, secretHash: secretHash(secret) });
    expect(JSON.stringify(sent?.args)).not.toContain(secret);
    await ref.close();
    const again = await open();
    expect(await again.result(made.opId)).toMatchObject({ secret });
    await again.close();
  });

  test("[S-27] tries are spaced further and further, another way is taken, and what is waited for can be tried now", async () => {
    const other = new ScriptedTransport();
    let fails = 12;
    transport.answer = () => (fails-- > 0 ? "none" : { result: 1 });
    other.answer = () => (fails-- > 0 ? "none" : { result: 2 });
    const ref = await open([transport, other]);
    await ref.call("comment", comment("a")).result;
    expect(waits.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(waits.at(-1)).toBe(300_000);
    expect([transport.groups.length, other.groups.length]).toEqual([7, 6]);
    await ref.close();
    transport.answer = () => "none";
    const patient = await durable({ intents, transports: [transport], random: () => 1 });
    const call = patient.call("comment", comment("b"));
    await vi.waitFor(() => expect(patient.waiting()[0]?.nextRetryAt).toBeGreaterThan(0));
    expect(patient.waiting()[0]?.lastError).toEqual({ code: "NO_ANSWER", message: "the connection broke" });
    transport.answer = () => ({ result: "now" });
    patient.retry();
    expect(await call.result).toBe("now");
    await patient.close();
    expect(() => patient.call("comment", comment("c"))).toThrow("closed");
  });

  test("[S-31] a way that is not there is passed over at once, and left out from then on; with none at all it is tried later", async () => {
    const asked: string[] = [];
    const none: IntentTransport = {
      send: () => (asked.push("none"), Promise.reject(new NoWayError("not here"))),
    };
    const other: IntentTransport = {
      send: (...all) => (asked.push("other"), asked.length < 3 ? none.send(...all) : transport.send(...all)),
    };
    const ref = await open([none, other]);
    await ref.call("comment", comment("a")).result;
    expect(asked).toEqual(["none", "other", "none", "none", "other"]);
    expect(waits).toEqual([1_000]);
    await ref.call("comment", comment("b")).result;
    expect(asked.slice(5)).toEqual(["other"]);
    expect(waits).toEqual([1_000]);
    await ref.close();
  });

  test("[S-27] a call that could not be stored is not made", async () => {
    const ref = await open();
    intents.save = () => Promise.reject(new Error("The disk is full."));
    const call = ref.call("comment", comment("a"));
    await expect(call.stored).rejects.toThrow("disk is full");
    await expect(call.result).rejects.toThrow("disk is full");
    expect(transport.groups).toEqual([]);
    await ref.close();
  });

  test("[S-27] of the outcomes the newest thousand are kept", async () => {
    const ref = await open();
    const calls = Array.from({ length: 1_005 }, (_, index) => ref.call("comment", comment(String(index))));
    await Promise.all(calls.map(({ result }) => result));
    expect(await intents.load()).toHaveLength(1_000);
    await expect(ref.result(calls[0]?.opId ?? "")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await ref.close();
  });
});

test("[S-13] a secret that a client chose is whole, and its hash is what the server compares", async () => {
  const chosen = await chooseRef();
  expect(isWholeRefSecret(chosen?.secret ?? "")).toBe(true);
  expect(chosen?.secretHash).toBe(secretHash(chosen?.secret ?? ""));
  expect(chosen?.refId).toMatch(/^ref_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
});

test("[S-27] results stand in arguments at any depth, and one that is not there is said", () => {
  const results: Record<string, unknown> = { one: { ref: { id: "r" }, list: ["x"] } };
  const resultOf = (id: string) => results[id];
  const at = (...path: string[]) => ({ $result: "one", path });
  expect(withResults({ a: [at("ref", "id"), 1], b: { c: at("list", "0") } }, resultOf)).toEqual({
    a: ["r", 1],
    b: { c: "x" },
  });
  expect(() => withResults({ a: at("ref", "name") }, resultOf)).toThrow("ref.name");
});
