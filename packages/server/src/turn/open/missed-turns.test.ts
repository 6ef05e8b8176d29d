import { newId } from "@holdfast/kernel";
import type { Turn } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { PastTurn, ReadHistory } from "../../agents/index.ts";
import { missedBy, missedTurns } from "./missed-turns.ts";

type Seen = Parameters<ReturnType<typeof missedBy>>[0];
const own = (more: Partial<Seen> = {}): Seen => ({
  agent: "a",
  opened: "resumed",
  openedBy: "live",
  reason: undefined,
  ...more,
});
const other: Seen = { ...own(), agent: "b" };

test.each<[string, boolean, Seen[], boolean[]]>([
  ["turns of others", false, [other, other], [true, true]],
  ["a turn of its own that it answered", false, [own()], [false]],
  ["one that was stopped, with an answer to that", false, [own({ reason: "cancelled" })], [false]],
  ["one that it answered with an error", false, [own({ reason: "error" })], [false]],
  ["one for which it could not be opened", false, [own({ opened: undefined, reason: "error" })], [true]],
  ["one in which it crashed", false, [own({ reason: "crashed" })], [true]],
  ["one that the server's end interrupted", false, [own({ reason: "interrupted" })], [true]],
  ["its own turns, by a new agent-side session", true, [own(), other], [true, true]],
  [
    "what is older than its agent-side session",
    false,
    [own(), own({ openedBy: "create" }), own(), other],
    [false, false, true, true],
  ],
])("[A-6] an agent missed %s", (_name, isNew, turns, expected) => {
  const isMissed = missedBy("a", isNew);
  expect(turns.map((turn) => isMissed(turn))).toEqual(expected);
});

test("[A-6] no more turns are read than a handoff can tell, and the last page ends the reading", async () => {
  const sessionId = newId("ses");
  const turnOf = (bytes: number): PastTurn => {
    const id = newId("trn");
    const info = {
      id: newId("msg"),
      sessionId,
      turnId: id,
      agent: "b",
      role: "user",
      time: { created: 1 },
    } as const;
    const part = {
      id: newId("prt"),
      sessionId,
      messageId: info.id,
      type: "text",
      text: "x".repeat(bytes),
    } as const;
    return { turn: { id, agent: "b", state: "completed" } as Turn, messages: [{ info, parts: [part] }] };
  };
  const read = async (all: PastTurn[]) => {
    const asked: unknown[] = [];
    const history: ReadHistory = async ({ before, limit }) => {
      asked.push(before);
      const from = all.findIndex(({ turn }) => turn.id === before) + 1;
      return all.slice(from, from + limit);
    };
    const found = await missedTurns(history, { before: newId("trn"), agent: "a", watermark: 0 });
    return { ...found, pages: asked.length };
  };
  const short = Array.from({ length: 11 }, () => turnOf(10));
  expect(await read(short)).toEqual({ turns: short, more: false, pages: 2 });
  const long = Array.from({ length: 40 }, () => turnOf(6_000));
  const found = await read(long);
  expect(found).toEqual({ turns: long.slice(0, 8), more: true, pages: 1 });
});
