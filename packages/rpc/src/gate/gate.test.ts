import { describe, expect, test } from "vitest";
import { RPC_LIMITS } from "../limits.ts";
import { Gate } from "./gate.ts";
import { Refusal } from "./refusal.ts";

const METHODS = new Set(["redeemShare", "appendOps", "hello"]);
const gate = () => new Gate(METHODS);
const say = (...message: unknown[]) => JSON.stringify(message);
const call = (target: number, method: string, ...args: unknown[]) =>
  say("push", ["pipeline", target, [method], args]);

describe("what comes through", () => {
  test("[S-12] a call, its pull, a call on its result and their releases", () => {
    const it = gate();
    expect(it.admit(call(0, "redeemShare", "shr_1", "secret"))).toBe("call");
    expect(it.admit(call(1, "appendOps", { ops: [[{ opId: "a", dependsOn: [[]] }]] }))).toBe("call");
    expect(it.admit(say("pull", 2))).toBe("message");
    expect(it.admit(say("release", 2, 1))).toBe("message");
    expect(it.admit(say("release", -1, 3))).toBe("message");
    expect(it.admit(say("abort", ["error", "Error", "bye"]))).toBe("end");
  });

  test.each<[string, unknown]>([
    ["a literal", "text"],
    ["nothing", null],
    ["an escaped array", [["a", [["b"]], 1]]],
    ["an array whose data looks like a tag", [["promise", 1]]],
    ["undefined", ["undefined"]],
    ["a date", ["date", 1_700_000_000_000]],
    ["no date", ["date", null]],
    ["bytes", ["bytes", "aGk"]],
    ["bytes of a kind", ["bytes", "aGk", "Uint8Array"]],
    ["an error", ["error", "Error", "text", null, { code: "X" }]],
    ["an object of them", { a: [[["date", 1]]], b: { c: ["undefined"] } }],
    ["an earlier result", ["pipeline", 1]],
    ["a member of an earlier result", { refId: ["pipeline", 1, ["ref", "id"]] }],
    ["a stub of ours", ["import", -1]],
  ])("[S-12] %s as an argument", (_name, argument) => {
    const it = gate();
    it.admit(call(0, "hello"));
    expect(it.admit(call(0, "hello", argument))).toBe("call");
  });

  test("[S-12] a value that is read of a result", () => {
    const it = gate();
    it.admit(call(0, "redeemShare"));
    expect(it.admit(say("push", ["pipeline", 1, ["title"]]))).toBe("message");
  });

  test("[S-12] an answer to a write of a stream that we opened, once", () => {
    const it = gate();
    it.sent('["resolve",1,{}]');
    it.sent('["pipe"]');
    it.sent('["stream",["pipeline",1,["write"],[1]]]');
    expect(() => it.admit(say("resolve", 1, ["undefined"]))).toThrow(Refusal);
    expect(it.admit(say("resolve", 2, ["undefined"]))).toBe("message");
    expect(() => it.admit(say("resolve", 2, ["undefined"]))).toThrow(Refusal);
    it.sent('["stream",["pipeline",1,["write"],[2]]]');
    expect(it.admit(say("reject", 3, ["error", "TypeError", "left"]))).toBe("message");
  });
});

describe("what does not", () => {
  test.each<[string, string]>([
    ["no JSON", "["],
    ["no message", '"push"'],
    ["an empty one", "[]"],
    ["a stream of the peer", say("stream", ["pipeline", 0, ["hello"], []])],
    ["a pipe of the peer", say("pipe")],
    ["an unknown message", say("hello")],
    ["a push of nothing", say("push")],
    ["a push of a value", say("push", { a: 1 })],
    ["a push of an array", say("push", [[1]])],
    ["a push with more", say("push", ["pipeline", 0, ["hello"], []], 1)],
    ["a map", say("push", ["remap", 0, [], [], [["pipeline", 0, ["hello"], []]]])],
    ["an unknown method", call(0, "eval")],
    ["a method of every object", call(0, "constructor")],
    ["a longer path to a method", say("push", ["pipeline", 0, ["a", "hello"], []])],
    ["a call of the stub itself", say("push", ["pipeline", 0, [], []])],
    ["a method that is no text", say("push", ["pipeline", 0, [0], []])],
    ["arguments that are none", say("push", ["pipeline", 0, ["hello"], {}])],
    ["too many arguments", call(0, "hello", 1, 2, 3, 4, 5)],
    ["a member of every object", say("push", ["pipeline", 0, ["__proto__"]])],
    ["a constructor", say("push", ["pipeline", 0, ["constructor"]])],
    ["a path that is too long", say("push", ["pipeline", 0, ["a", "b", "c", "d", "e"]])],
    ["an id that is no number", say("push", ["pipeline", "0", ["hello"], []])],
    ["an id that is not whole", say("push", ["pipeline", 0.5, ["hello"], []])],
    ["a result that is not there", call(7, "hello")],
    ["its own result", call(1, "hello")],
    ["a pull of nothing", say("pull")],
    ["a pull of what is not there", say("pull", 1)],
    ["a pull of the main stub", say("pull", 0)],
    ["a release of the main stub", say("release", 0, 1)],
    ["a release without a count", say("release", 1)],
    ["a release below nothing", say("release", -1, -1)],
    ["a release of what is not there", say("release", 1, 1)],
    ["a resolution that nobody waits for", say("resolve", -1, 1)],
  ])("[S-12] %s is refused", (_name, text) => {
    expect(() => gate().admit(text)).toThrow(Refusal);
  });

  test.each<[string, unknown]>([
    ["a stub of the peer", ["export", -1]],
    ["a promise of the peer", ["promise", -1]],
    ["a promise deep in a value", { a: [[{ b: ["promise", -1] }]] }],
    ["a map", ["remap", 0, [], [], []]],
    ["a readable stream", ["readable", 1]],
    ["a writable stream", ["writable", -1]],
    ["a big integer", ["bigint", "1"]],
    ["no number", ["nan"]],
    ["a request", ["request", "http://127.0.0.1/", {}]],
    ["a response", ["response", null, {}]],
    ["headers", ["headers", []]],
    ["a blob", ["blob", "", ["readable", 1]]],
    ["a call inside of a call", ["pipeline", 0, ["hello"], []]],
    ["an empty array", []],
    ["an array of two arrays", [[], []]],
    ["a date that is none", ["date", "now"]],
    ["bytes that are none", ["bytes", "%"]],
    ["bytes of an odd kind", ["bytes", "", "Float64Array"]],
    ["an error with a stub", ["error", "Error", "x", null, { a: ["import", 0] }]],
    ["an error with a list for members", ["error", "Error", "x", null, [["a"]]]],
    ["an error of nothing", ["error"]],
  ])("[S-12] %s as an argument is refused", (_name, argument) => {
    expect(() => gate().admit(call(0, "hello", argument))).toThrow(Refusal);
  });

  test("[S-12] a resolution may not name what stands for something else", () => {
    const it = gate();
    it.sent('["stream",["pipeline",1,["write"],[1]]]');
    expect(() => it.admit(say("resolve", 1, ["import", 0]))).toThrow(Refusal);
  });

  test("[S-12] a chain of more calls than may wait for each other", () => {
    const it = gate();
    for (let depth = 0; depth < RPC_LIMITS.chainDepth; depth += 1) it.admit(call(depth, "hello"));
    expect(() => it.admit(call(RPC_LIMITS.chainDepth, "hello"))).toThrow(/wait for each other/);
    expect(it.admit(call(RPC_LIMITS.chainDepth - 1, "hello"))).toBe("call");
  });

  test("[S-12] more results than may be held, until one is released", () => {
    const it = gate();
    for (let made = 0; made < RPC_LIMITS.liveExports; made += 1) it.admit(call(0, "hello"));
    expect(() => it.admit(call(0, "hello"))).toThrow(/held at once/);
    it.admit(say("release", 9, 1));
    expect(it.admit(call(0, "hello"))).toBe("call");
    expect(() => it.admit(say("release", 9, 1))).toThrow(Refusal);
  });

  test("[S-12] a value of more levels than may be", () => {
    const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
    expect(gate().admit(call(0, "hello", deep(RPC_LIMITS.valueDepth)))).toBe("call");
    expect(() => gate().admit(call(0, "hello", deep(RPC_LIMITS.valueDepth + 1)))).toThrow(/levels/);
  });
});
