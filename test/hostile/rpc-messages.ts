/** Seeded messages for a door of capnweb: right ones, ones that a peer of ours would never send, and right ones with something wrong in them. */
import { SHARE_METHODS } from "@holdfast/protocol";
import type { Random } from "../torture/random.ts";
import { mutate } from "./mutate.ts";

/** What a peer may know. */
export type Known = { shareId: string; secrets: readonly string[]; key: string };

/** All but the one that would take away what is attacked. */
const METHODS = [
  ...Object.keys(SHARE_METHODS).filter((name) => name !== "revokeShare"),
  "subscribe",
  "redeemed",
  "publish",
  "share",
  "redeem",
];
const NO_METHODS = [
  "constructor",
  "__proto__",
  "toString",
  "then",
  "dup",
  "map",
  "eval",
  "",
  "a".repeat(300),
];

const idOf = (random: Random): number =>
  random.pick([0, 0, 0, 1, 1, 2, 3, 5, 8, -1, -2, -9, 1.5, 2 ** 40, random.int(0, 300)]);

function pathOf(random: Random): unknown {
  return random.pick<unknown>([
    ["title"],
    ["shareId"],
    ["ref", "id"],
    ["a", "b", "c", "d", "e"],
    [],
    ["__proto__"],
    ["constructor", "prototype"],
    [0],
    "title",
    null,
  ]);
}

/** An expression as a peer of ours would write it, or not. */
function expression(random: Random, known: Known, depth = 0): unknown {
  const inner = () => (depth > 4 ? 1 : expression(random, known, depth + 1));
  const kinds: (() => unknown)[] = [
    () => random.pick([null, true, 0, -1, "text", "", "\u0000", known.shareId, random.pick(known.secrets)]),
    () => ({ a: inner(), b: inner() }),
    () => [[inner(), inner()]],
    () => ["pipeline", idOf(random), pathOf(random)],
    () => ["import", idOf(random)],
    () => ["date", random.int(0, 1e9)],
    () => ["undefined"],
    () => ["bytes", random.pick(["aGk", "%%", ""])],
    () => ["error", "TypeError", "text", null, { code: inner() }],
    () => ["export", -random.int(1, 9)],
    () => ["promise", -random.int(1, 9)],
    () => ["remap", 0, [], [["import", 0]], [["pipeline", 0, ["redeem"], ["x"]], inner()]],
    () => ["readable", idOf(random)],
    () => ["writable", -1],
    () => ["bigint", "9".repeat(random.pick([1, 20_000]))],
    () => ["nan"],
    () => ["request", "http://127.0.0.1/", { body: inner() }],
    () => ["blob", "", ["readable", 1]],
    () => ["pipeline", 0, ["redeem"], [inner()]],
    () => [],
    () => [[[[]]], 1],
    () => JSON.parse(`{"__proto__":{"x":1},"constructor":1,"toJSON":2}`) as unknown,
  ];
  // What is literal is most of what is sent.
  return (random.chance(0.5) ? random.pick(kinds.slice(0, 3)) : random.pick(kinds))();
}

function call(random: Random, known: Known): unknown {
  const first = random.chance(0.4);
  if (first) {
    const [method, args] = random.pick<[string, unknown[]]>([
      ["redeemShare", [known.shareId, random.pick(known.secrets)]],
      ["share", [known.shareId, random.pick([...known.secrets, known.key])]],
      ["publish", [known.key]],
      ["redeem", [random.pick(known.secrets)]],
    ]);
    return ["push", ["pipeline", 0, [method], args]];
  }
  const method = random.chance(0.9) ? random.pick(METHODS) : random.pick(NO_METHODS);
  const args = random.chance(0.5)
    ? [random.pick([{}, { limit: 2 }, { after: 0 }])]
    : [expression(random, known)];
  return ["push", ["pipeline", idOf(random), [method], args]];
}

/** One message, as text. */
export function messageOf(random: Random, known: Known): string {
  const message = random.pick<() => unknown>([
    () => call(random, known),
    () => call(random, known),
    () => call(random, known),
    () => ["pull", random.int(1, 6)],
    () => ["pull", random.int(1, 6)],
    () => ["release", random.int(1, 6), 1],
    () => ["push", expression(random, known)],
    () => ["release", idOf(random), random.pick([1, -1, 0, 1e9])],
    () => ["resolve", idOf(random), expression(random, known)],
    () => ["reject", idOf(random), expression(random, known)],
    () => ["stream", ["pipeline", idOf(random), ["write"], [expression(random, known)]]],
    () => ["pipe"],
    () => ["abort", expression(random, known)],
    () => expression(random, known),
    () => mutate(call(random, known), random),
  ])();
  const text = JSON.stringify(message) ?? "";
  if (random.chance(0.02)) return text.slice(0, random.int(0, text.length));
  if (random.chance(0.005)) return "[".repeat(200_000);
  if (random.chance(0.005)) return JSON.stringify(["push", "x".repeat(900_000)]);
  return text;
}

/** A session as a peer of ours would have it; only what stands in arguments is odd. */
export function sessionOf(random: Random, known: Known): string[] {
  const first = random.pick<[string, unknown[]]>([
    ["redeemShare", [known.shareId, random.pick(known.secrets.slice(0, 2))]],
    ["share", [known.shareId, random.pick([...known.secrets, known.key])]],
  ]);
  const calls = Array.from({ length: random.int(1, 6) }, () => {
    const odd = mutate({ limit: 2, rights: ["read"], refId: "ref_x", ops: [{ seq: 1 }], from: 1 }, random);
    return ["push", ["pipeline", 1, [random.pick(METHODS)], [escaped(random.pick([{}, odd]))]]];
  });
  const pulls = calls.map((_, at) => ["pull", at + 2]);
  return [["push", ["pipeline", 0, [first[0]], first[1]]], ...calls, ...pulls].map((message) =>
    JSON.stringify(message),
  );
}

/** As capnweb writes a value. */
function escaped(value: unknown): unknown {
  if (Array.isArray(value)) return [value.map(escaped)];
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, escaped(member)]));
}
