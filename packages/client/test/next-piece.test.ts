import { describe, expect, test } from "vitest";
import type { Intent, ResultOf } from "../src/intent.ts";
import { type Call, nextPiece } from "../src/rpc/next-piece.ts";

const call = (opId: string, args: Record<string, unknown> = {}, dependsOn: string[] = []): Call => ({
  intent: { opId, dependsOn } as Partial<Intent> as Intent,
  args,
});
const at = ($result: string, ...path: string[]): ResultOf => ({ $result, path });
/** Ids of each piece, with the door that it goes by. */
function pieces(open: readonly Call[]): string[] {
  const found: string[] = [];
  for (let left = open; left.length > 0;) {
    const { door, calls } = nextPiece(left);
    found.push(`${door} ${calls.map(({ intent }) => intent.opId).join(" ")}`);
    left = left.slice(calls.length);
  }
  return found;
}

describe("what of a group goes in one message of capnweb", () => {
  test("[S-27] all of it, what needs something of it too", () => {
    expect(pieces([call("a"), call("b", { x: at("a", "ref", "id") }, ["a"]), call("c", {}, ["b"])])).toEqual([
      "rpc a b c",
    ]);
  });

  test("[S-12, S-27] no more calls, no longer chain and no more bytes than the door takes", () => {
    const many = Array.from({ length: 61 }, (_, index) => call(`${index}`));
    expect(pieces(many).map((piece) => piece.split(" ").length - 1)).toEqual([60, 1]);
    const chain = Array.from({ length: 9 }, (_, index) =>
      call(`${index}`, {}, index === 0 ? [] : [`${index - 1}`]),
    );
    expect(pieces(chain)).toEqual(["rpc 0 1 2 3 4 5 6", "rpc 7 8"]);
    const long = { text: "é".repeat(500_000) };
    expect(pieces(["a", "b", "c", "d"].map((id) => call(id, long)))).toEqual(["rpc a b c", "rpc d"]);
  });

  test("[S-27] what capnweb cannot carry goes by REST, in its place", () => {
    const odd = JSON.parse('{"constructor":1}') as Record<string, unknown>;
    const long = { text: "x".repeat(1024 * 1024) };
    expect(pieces([call("a"), call("b", odd), call("c", long), call("d"), call("e")])).toEqual([
      "rpc a",
      "rest b",
      "rest c",
      "rpc d e",
    ]);
  });

  test("[S-12, S-27] what needs a place that the door does not take waits for the result", () => {
    const names: string[][] = [["list", "0"], ["map"], ["a", "b", "c", "d", "e"], ["constructor"]];
    for (const path of names)
      expect(pieces([call("a"), call("b", { x: [at("a", ...path)] }, ["a"])])).toEqual(["rpc a", "rpc b"]);
  });
});
