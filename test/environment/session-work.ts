import { EMPTY_SESSION, reduce } from "@holdfast/client";
import type { SessionEvent, SessionId, Turn } from "@holdfast/protocol";
import { type HoldfastProcess, until } from "../harness/index.ts";

/** How long a turn of these tests may take, in ms. */
export const TURN_MS = 240_000;

/** One with a title works in a directory of its own, beside the others. */
export const sessionOn = async (server: HoldfastProcess, title?: string) =>
  server.client.createSession({
    directory: title === undefined ? server.project : await server.place(title),
    agent: "rehearsal",
    approvalMode: "all",
    ...(title === undefined ? {} : { title }),
  });

export const say = (server: HoldfastProcess, sessionId: SessionId, text: string) =>
  server.client.admitInput(sessionId, { parts: [{ type: "text", text }] });

/** The turn once it has ended. */
export const ended = (server: HoldfastProcess, turnId: string, deadlineMs = TURN_MS): Promise<Turn> =>
  until(
    "the end of the turn",
    async () => {
      const turn = await server.client.getTurn(turnId);
      return ["completed", "failed", "aborted"].includes(turn.state) ? turn : undefined;
    },
    deadlineMs,
  );

/** Follows a session from its first event, or from `after` on, until a turn has completed; answers its events. `begun` hears that the stream stands. */
export async function follow(
  server: HoldfastProcess,
  sessionId: SessionId,
  begun: () => void = () => undefined,
  after = 0,
): Promise<SessionEvent[]> {
  const stop = new AbortController();
  const events: SessionEvent[] = [];
  for await (const item of server.client.streamSession({ sessionId, after, signal: stop.signal })) {
    if (item.kind === "caught-up") begun();
    if (item.kind !== "event") continue;
    events.push(item.event);
    if (item.event.type === "turn.completed") stop.abort();
  }
  return events;
}

/** The text of the answers that the events make. */
export const textOf = (events: readonly SessionEvent[]): string =>
  events
    .reduce(reduce, EMPTY_SESSION)
    .messages.filter(({ info }) => info.role === "assistant")
    .flatMap(({ parts }) => parts)
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
    .join("\n");

/** The numbers of the words `w1 w2 ...` in a text. */
export const wordsIn = (text: string): number[] =>
  text
    .split(/\s+/)
    .filter((word) => /^w\d+$/.test(word))
    .map((word) => Number(word.slice(1)));

export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Everything that is kept of a session's events, as a replay gives it. */
export async function eventsOf(server: HoldfastProcess, sessionId: SessionId): Promise<SessionEvent[]> {
  const stop = new AbortController();
  const events: SessionEvent[] = [];
  for await (const item of server.client.streamSession({ sessionId, after: 0, signal: stop.signal })) {
    if (item.kind === "event") events.push(item.event);
    if (item.kind === "caught-up") stop.abort();
  }
  return events;
}
