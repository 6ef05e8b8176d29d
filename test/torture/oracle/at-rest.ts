/** At rest: a stream that was cut and resumed tells the same story as one from the beginning, and both as the rows (D-22, I-14). */
import { isDeepStrictEqual } from "node:util";
import { EMPTY_SESSION, reduce, type SessionState } from "@holdfast/client";
import type { SessionEvent } from "@holdfast/protocol";
import type { Ledger } from "../ledger.ts";
import { brief } from "../ledger/may-become.ts";
import { type Picture, queueOf, type SessionPicture } from "./picture.ts";

export function compareAtRest(ledger: Ledger, picture: Picture): string[] {
  const wrong: string[] = [];
  for (const [id, session] of picture.sessions) {
    for (const [what, events] of [
      ["a replay from the beginning", session.replay],
      ["the resumed stream", ledger.chains.get(id) ?? []],
    ] as const) {
      const difference = differs(events, session);
      if (difference !== undefined) wrong.push(`${id}: ${what} differs from the rows: ${difference}`);
    }
  }
  return wrong;
}

function differs(events: readonly SessionEvent[], session: SessionPicture): string | undefined {
  const state = events.reduce((before, event) => reduce(before, event), EMPTY_SESSION);
  const open = Object.keys(state.needs).length;
  if (open > 0) return `${open} parts are to be read anew`;
  const [rows, told] = [view(session), viewOf(state)];
  const subject = (Object.keys(rows) as (keyof typeof rows)[]).find(
    (key) => !isDeepStrictEqual(rows[key], told[key]),
  );
  if (subject === undefined) return undefined;
  const [is, says] = [rows[subject], told[subject]];
  if (!Array.isArray(is) || !Array.isArray(says)) return `${subject}: ${brief(is)} / ${brief(says)}`;
  const at = is.findIndex((row, index) => !isDeepStrictEqual(row, says[index]));
  const place = at < 0 ? is.length : at;
  return `${subject} ${place}: ${brief(is[place])} / ${brief(says[place])}`;
}

const byId = <T extends { id: string }>(rows: readonly T[]): T[] =>
  rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));

function view(session: SessionPicture) {
  const { lastSeq, ...row } = session.session;
  return {
    lastSeq,
    session: row,
    messages: session.messages,
    turns: byId(session.turns),
    queue: byId(queueOf(session)),
    permissions: byId(session.permissions.filter(({ state }) => state === "pending")),
    questions: byId(session.questions.filter(({ state }) => state === "pending")),
    todos: session.todos,
  };
}

function viewOf(state: SessionState) {
  return {
    lastSeq: state.lastSeq,
    session: state.session,
    messages: state.messages,
    turns: byId(Object.values(state.turns)),
    queue: byId(Object.values(state.inputs)),
    permissions: byId(Object.values(state.permissions)),
    questions: byId(Object.values(state.questions)),
    todos: state.todos,
  };
}
