/** Turns end once, as they were told to, and nothing of a dead server goes on (D-7, D-9, D-10, D-18, A-19, A-21). */
import { isDeepStrictEqual } from "node:util";
import { addUsage, isTerminal, type Turn, type Usage } from "@holdfast/protocol";
import type { Ledger } from "../ledger.ts";
import { isStopped, whyNot } from "../ledger/may-become.ts";
import type { Picture, SessionPicture } from "./picture.ts";

export function changedEnds(ledger: Ledger, picture: Picture): string[] {
  const turns = [...picture.sessions.values()].flatMap((session) => session.turns);
  return turns.flatMap((turn) => {
    const acknowledged = ledger.ends.get(turn.id);
    const now = `${turn.state} / ${turn.reason ?? "-"}`;
    return acknowledged === undefined || acknowledged === now
      ? []
      : [`${turn.id} ended ${acknowledged} and is now ${now}`];
  });
}

/** A stop that was accepted holds over every restart: the turn ends cancelled and is never resumed (D-10). */
export function lostCancels(ledger: Ledger, picture: Picture): string[] {
  const wrong: string[] = [];
  for (const [turnId, sessionId] of ledger.cancelled) {
    if (ledger.deletions.has(sessionId)) continue;
    const turns = picture.sessions.get(sessionId)?.turns ?? [];
    const turn = turns.find(({ id }) => id === turnId);
    if (turn === undefined) wrong.push(`${turnId} was cancelled and is gone`);
    else if (isTerminal(turn.state) && !isStopped(turn))
      wrong.push(`${turnId} was cancelled and is ${turn.state} / ${turn.reason ?? "-"}`);
    const next = turns.find(({ resumes }) => resumes === turnId);
    if (next !== undefined) wrong.push(`${turnId} was cancelled, and ${next.id} goes on with it`);
  }
  return wrong;
}

/** No turn of a dead process is busy, and no ended one has an open answer. */
export function stuckTurns(picture: Picture): string[] {
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

/** What was answered stays answered so. */
export function lostReplies(ledger: Ledger, picture: Picture): string[] {
  return [...ledger.replies.values()].flatMap((request) => {
    const { id, sessionId } = request;
    if (ledger.deletions.has(sessionId)) return [];
    const { permissions = [], questions = [] } = picture.sessions.get(sessionId) ?? {};
    const now = [...permissions, ...questions].find((row) => row.id === id);
    if (now === undefined) return [`${id} was ${request.state} and is gone`];
    const why = whyNot(id, request, now);
    return why === undefined ? [] : [`${id} ${why}`];
  });
}

/** Totals are what the turns that ran used, each once. */
export function wrongTotals(picture: Picture): string[] {
  return [...picture.sessions].flatMap(([id, session]) => (session.isStill ? wrongTotal(id, session) : []));
}

function wrongTotal(id: string, { turns, usage, session }: SessionPicture): string[] {
  const ran = turns
    .filter(({ state, time }) => isTerminal(state) && time.started !== undefined)
    .toSorted((a, b) => (a.time.started ?? 0) - (b.time.started ?? 0));
  const wrong: string[] = [];
  const check = (what: string, counted: Usage, of: readonly Turn[]) => {
    const sum = of.reduce<Usage>((total, turn) => addUsage(total, turn.usage), {});
    const [is, should] = [counts(counted), counts(sum)];
    if (!isDeepStrictEqual(is, should))
      wrong.push(`${id}: ${what} used ${JSON.stringify(is)}, its turns ${JSON.stringify(should)}`);
  };
  check("the session", session.usage, ran);
  check("the session, asked for its usage,", usage.usage, ran);
  for (const { agent, usage: total } of usage.agents)
    check(
      agent,
      total,
      ran.filter((turn) => turn.agent === agent),
    );
  return wrong;
}

/** Without the gauge, which is never summed. Costs to a millionth, as sums of decimals are not exact. */
const counts = ({ tokens, cost, partial }: Usage) => ({
  tokens,
  cost: cost === undefined ? undefined : Math.round(cost * 1e6),
  partial: partial === true,
});
