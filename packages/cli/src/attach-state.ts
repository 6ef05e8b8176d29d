/** What `attach` says of a session beside its transcript. Pure. */
import { queueOf, type SessionState } from "@holdfast/client";
import {
  type Input,
  isMentioned,
  isTerminal,
  limitAt,
  type Permission,
  type Question,
  type Turn,
} from "@holdfast/protocol";
import { holdLine } from "./hold-text.ts";
import { moment, oneLine, span } from "./output.ts";

/** Messages of the queue that are shown; of more only the number. */
const SHOWN = 3;

/** The turn that runs now. */
export function liveTurn(state: SessionState): Turn | undefined {
  return Object.values(state.turns).find(({ state }) => state === "running" || state === "finalizing");
}

/** Nothing runs, and nothing is going to: the queue is empty or paused. `mine`: turns that were admitted, told of by the stream or not yet. */
export function isIdle(state: SessionState, mine: Iterable<string>): boolean {
  const isPaused = state.session?.queue.paused === true;
  const isQuiet = (turn: Turn) => isTerminal(turn.state) || (turn.state === "queued" && isPaused);
  for (const id of mine) {
    const turn = state.turns[id];
    if (turn === undefined || !isQuiet(turn)) return false;
  }
  return Object.values(state.turns).every(isQuiet);
}

/** The request that has waited longest: a state holds them in the order in which they were asked, whatever the clock said. */
export function oldestRequest(state: SessionState): Permission | undefined {
  return Object.values(state.permissions)[0];
}

/** What waits for an answer: permission requests first, because the agent is about to act. */
export function oldestAsked(state: SessionState): Permission | Question | undefined {
  return oldestRequest(state) ?? Object.values(state.questions)[0];
}

export const isQuestion = (asked: Permission | Question): asked is Question => "fields" in asked;

/** The last turn of the history that has ended. */
export function lastEndedTurn(state: SessionState): Turn | undefined {
  const isEnded = (turn: Turn | undefined) => turn !== undefined && isTerminal(turn.state);
  const message = state.messages.findLast(({ info }) => isEnded(state.turns[info.turnId]));
  return message === undefined ? undefined : state.turns[message.info.turnId];
}

const limitOf = ({ session }: SessionState, now: number) => session && limitAt(session, now);

/** How much is left of the usage limit that the session waits for; undefined without one. */
export function countdownOf(state: SessionState, now: number): string | undefined {
  const limit = limitOf(state, now);
  return limit && `The limit is over in ${span(limit.until - now)}.`;
}

/** What a session does. `isOrdinary`: there is nothing to say about it but that it works. */
export type Activity = { text: string; isOrdinary: boolean };

/** What the session is doing; undefined while it does nothing. */
export function activityOf(state: SessionState): Activity | undefined {
  const turn = liveTurn(state);
  const odd = turn === undefined ? whyNotStarted(state) : oddity(state, turn);
  if (odd !== undefined) return { text: odd, isOrdinary: false };
  return turn === undefined ? undefined : { text: `${turn.agent} works`, isOrdinary: true };
}

function whyNotStarted(state: SessionState): string | undefined {
  const waiting = Object.values(state.turns).find(
    ({ state, waitingFor }) => state === "queued" && waitingFor !== undefined,
  );
  if (waiting?.waitingFor !== undefined) return holdLine(waiting.waitingFor, waiting.sessionId);
  const limit = limitOf(state, Date.now());
  if (limit === undefined) return undefined;
  return `${limit.agent} is at its usage limit until ${moment(limit.until)}; a message waits until then, /resume sends it all the same`;
}

function oddity(state: SessionState, turn: Turn): string | undefined {
  if (turn.stopping !== undefined) return `${turn.agent} is being stopped`;
  if (turn.waitingFor !== undefined)
    return `${turn.agent} works, ${holdLine(turn.waitingFor, turn.sessionId)}`;
  if (state.retry !== undefined) {
    const { message, next } = state.retry;
    return `${turn.agent} tries again at ${new Date(next).toLocaleTimeString()}: ${oneLine(message, 80)}`;
  }
  if (oldestAsked(state) !== undefined) return `${turn.agent} waits for an answer`;
  if (turn.stalled !== undefined) return `${turn.agent} has been silent for a long time`;
  return undefined;
}

/** The queue, a line for each of the first messages. */
export function queueLines(state: SessionState, shown = SHOWN): string[] {
  const queue = waitingInputs(state);
  if (queue.length === 0) return [];
  const lines = queue
    .slice(0, shown)
    .map((input, index) => `waiting ${index + 1}) ${oneLine(inputText(input), 70)}`);
  const rest = queue.length - lines.length;
  if (rest > 0) lines.push(`and ${rest} more`);
  if (state.session?.queue.paused === true) lines.push("The queue is paused; /resume lets it go on.");
  return lines;
}

/** Queued inputs that have to wait, in their order; what is about to start is none of them. */
export function waitingInputs(state: SessionState): Input[] {
  const isHeld = liveTurn(state) !== undefined || state.session?.queue.paused === true;
  return isHeld ? queueOf(state) : [];
}

export function inputText(input: Pick<Input, "parts">): string {
  const shown = input.parts.filter(
    (part) => !isMentioned(part) && !(part.type === "text" && part.synthetic === true),
  );
  return shown.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join(" ");
}
