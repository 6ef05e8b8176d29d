/**
 * Holds what was acknowledged against what the restarted server has (durability 11). Pure over a `Ledger` and a `Picture` of the server, so that its
 * own tests can doctor both.
 */
import { isDeepStrictEqual } from "node:util";
import { EMPTY_SESSION, reduce } from "@holdfast/client";
import type { Diagnostics, Input, Message, Part, SessionEvent, Turn } from "@holdfast/protocol";
import { isTerminal } from "@holdfast/protocol";
import type { Ledger } from "./ledger.ts";

/** All that the API says of the sessions, read once after a start. */
export type Picture = {
  /** When the server that gives it was started, in ms. */
  startedAt: number;
  sessions: Map<
    string,
    { title: string; messages: Message[]; turns: Turn[]; queue: Input[]; replay: SessionEvent[] }
  >;
  permissions: Map<string, string>;
  diagnostics: Diagnostics;
  /** Agent processes that lived when the last server died and live still. */
  survivors: number[];
};

/** What is wrong, in words; empty when every promise was kept. */
export function judge(ledger: Ledger, picture: Picture): string[] {
  return [
    ...ledger.violations,
    ...lostAdmissions(ledger, picture),
    ...lostText(ledger, picture),
    ...changedEnds(ledger, picture),
    ...stuckTurns(picture),
    ...lostReplies(ledger, picture),
    ...brokenStore(picture),
    ...picture.survivors.map((pid) => `agent process ${pid} of a dead server is alive`),
  ];
}

const textOf = (message: Message): string =>
  message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");

function lostAdmissions(ledger: Ledger, picture: Picture): string[] {
  const wrong: string[] = [];
  for (const [text, ids] of ledger.admissions) {
    if (ledger.deleted.has(ids.sessionId)) continue;
    const session = picture.sessions.get(ids.sessionId);
    const delivered =
      session?.messages.filter((message) => message.info.role === "user" && textOf(message) === text) ?? [];
    const queued =
      session?.queue.filter(({ parts }) => parts[0]?.type === "text" && parts[0].text === text) ?? [];
    const turn = session?.turns.find(({ id }) => id === ids.turnId);
    if (turn === undefined) wrong.push(`turn ${ids.turnId} was acknowledged and is gone`);
    const cancelledBefore = turn?.state === "aborted" && turn.time.started === undefined;
    const count = delivered.length + queued.length;
    if (count !== 1 && !(cancelledBefore && count === 0)) {
      wrong.push(`input ${ids.inputId} was acknowledged and is there ${count} times`);
    }
  }
  return wrong;
}

/** Every acknowledged delta is in its part's text, in its place (D-12). */
function lostText(ledger: Ledger, picture: Picture): string[] {
  const parts = new Map<string, Part>();
  for (const { messages } of picture.sessions.values())
    for (const message of messages) for (const part of message.parts) parts.set(part.id, part);
  return ledger.deltas.flatMap(({ sessionId, partId, field, offset, text }) => {
    if (ledger.deleted.has(sessionId)) return [];
    const part = parts.get(partId);
    const now = part === undefined ? undefined : fieldOf(part, field);
    if (now?.slice(offset, offset + text.length) === text) return [];
    return [`delta ${field}[${offset}, ${offset + text.length}) of ${partId} was acknowledged and is gone`];
  });
}

function fieldOf(part: Part, field: string): string | undefined {
  if (field === "text") return part.type === "text" || part.type === "reasoning" ? part.text : undefined;
  if (part.type !== "tool") return undefined;
  return field === "raw" ? part.state.raw : "output" in part.state ? part.state.output : undefined;
}

function changedEnds(ledger: Ledger, picture: Picture): string[] {
  const turns = [...picture.sessions.values()].flatMap((session) => session.turns);
  return turns.flatMap((turn) => {
    const acknowledged = ledger.ends.get(turn.id);
    const now = `${turn.state} / ${turn.reason ?? "-"}`;
    return acknowledged === undefined || acknowledged === now
      ? []
      : [`${turn.id} ended ${acknowledged} and is now ${now}`];
  });
}

/** No turn of a dead process is busy, and no ended one has an open answer (D-9, D-18). */
function stuckTurns(picture: Picture): string[] {
  const wrong: string[] = [];
  for (const { turns, messages } of picture.sessions.values()) {
    for (const turn of turns) {
      const isLive = turn.state === "running" || turn.state === "finalizing";
      if (isLive && (turn.time.started ?? 0) < picture.startedAt)
        wrong.push(`${turn.id} of a dead server is ${turn.state}`);
      const open = messages.filter(
        ({ info }) =>
          info.turnId === turn.id && info.role === "assistant" && info.time.completed === undefined,
      );
      if (isTerminal(turn.state) && open.length > 0)
        wrong.push(`${turn.id} is ${turn.state} with an open answer`);
    }
  }
  return wrong;
}

function lostReplies(ledger: Ledger, picture: Picture): string[] {
  return [...ledger.replies].flatMap(([id, state]) => {
    const now = picture.permissions.get(id);
    return now === undefined || now === state ? [] : [`permission ${id} was ${state} and is now ${now}`];
  });
}

function brokenStore({ diagnostics }: Picture): string[] {
  const { integrity, foreignKeys, drift, stuckTurns: stuck, leftoverProcesses } = diagnostics;
  return [...integrity, ...foreignKeys, ...drift, ...stuck, ...leftoverProcesses].map(
    (finding) => `doctor: ${finding}`,
  );
}

/** At rest: a stream that was cut and resumed tells the same story as one from the beginning, and both as the rows (D-22). */
export function compareAtRest(ledger: Ledger, picture: Picture): string[] {
  const wrong: string[] = [];
  for (const [id, session] of picture.sessions) {
    const chain = ledger.chains.get(id) ?? [];
    const resumed = chain.reduce((state, event) => reduce(state, event), EMPTY_SESSION);
    const fresh = session.replay.reduce((state, event) => reduce(state, event), EMPTY_SESSION);
    for (const [what, state] of [
      ["a replay from the beginning", fresh],
      ["the resumed stream", resumed],
    ] as const) {
      if (isDeepStrictEqual(state.messages, session.messages)) continue;
      const at = session.messages.findIndex(
        (message, index) => !isDeepStrictEqual(message, state.messages[index]),
      );
      const [rows, told] = [session.messages[at], state.messages[at]].map((value) => JSON.stringify(value));
      wrong.push(`${id}: ${what} differs from the rows at message ${at}: ${rows} / ${told}`);
    }
  }
  return wrong;
}
