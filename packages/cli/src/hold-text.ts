/** What holds a turn up, in words, and the commands that say more or end it (A-8, A-14, A-17, A-29, D-6, D-34). Pure. */
import {
  isSessionId,
  isTerminal,
  limitsAt,
  type Session,
  type Turn,
  type WaitingFor,
} from "@holdfast/protocol";
import { moment, oneLine } from "./output.ts";

/** `paused`: its queue is; `behind`: its session does something else first; else what the server says that it waits for. */
export type Hold = { [K in WaitingFor["kind"]]: WaitingFor & { kind: K } }[WaitingFor["kind"]] | OwnHold;
type OwnHold = { kind: "paused" | "behind" };

/** Why a turn does not begin, or cannot be written down; undefined while nothing is in its way. */
export function holdOf(
  turn: Pick<Turn, "state" | "waitingFor" | "agent">,
  session: Pick<Session, "queue" | "status" | "suspended"> | undefined,
): Hold | undefined {
  if (isTerminal(turn.state)) return undefined;
  if (turn.state !== "queued") return turn.waitingFor;
  if (session?.queue.paused === true) return { kind: "paused" };
  if (turn.waitingFor !== undefined) return turn.waitingFor;
  if (session === undefined) return undefined;
  if (session.status !== "idle") return { kind: "behind" };
  // Only the first of those that wait for it is told so by the server.
  const limit = limitsAt(session, Date.now()).find(({ agent }) => agent === turn.agent);
  return limit && { kind: "limit", holder: limit.agent, until: limit.until };
}

type Words = { what: string; ways?: readonly (readonly [command: string, does: string])[] };

const look = (sessionId: string) =>
  [
    [`holdfast attach ${sessionId}`, "shows it"],
    [`holdfast turn stop ${sessionId}`, "stops it"],
  ] as const;
const resume = (sessionId: string, does: string) =>
  [[`holdfast turn queue ${sessionId} --resume`, does]] as const;

/** Every reason there is: a new one does not compile without its words. */
const WORDS: { [K in Hold["kind"]]: (hold: Extract<Hold, { kind: K }>, sessionId: string) => Words } = {
  paused: (_, sessionId) => ({
    what: "the queue of its session is paused",
    ways: resume(sessionId, "lets it go on"),
  }),
  behind: (_, sessionId) => ({ what: "its session does something else first", ways: look(sessionId) }),
  workspace({ holder }) {
    if (holder === undefined) return { what: "something else works in the same directory" };
    const name = oneLine(holder, 80);
    return isSessionId(holder)
      ? { what: `session ${name} works in the same directory`, ways: look(name) }
      : { what: `operation ${name} changes files in the same directory; it ends by itself` };
  },
  pool: () => ({
    what: "as many agents live as may, and all of them are busy",
    ways: [["holdfast agents", "shows them, and whose they are"]],
  }),
  circuit: ({ holder, until }, sessionId) => ({
    what: `${oneLine(holder ?? "its agent", 80)} ended again and again, so it is given a rest${until === undefined ? "" : ` until ${new Date(until).toLocaleTimeString()}`}`,
    ways: resume(sessionId, "tries it now"),
  }),
  limit: ({ holder, until = 0 }, sessionId) => ({
    what: `${oneLine(holder ?? "its agent", 80)} is at its usage limit until ${moment(until)}`,
    ways: resume(sessionId, "sends it all the same"),
  }),
  storage: () => ({
    what: "the server cannot write to its storage; it goes on by itself when it can",
    ways: [["holdfast doctor", "looks for the reason"]],
  }),
  turn: ({ detail }) => ({
    what: `the agent did not take it into the turn that runs, so it is next${detail === undefined ? "" : `: ${oneLine(detail, 200)}`}`,
  }),
  host: ({ holder }) => ({ what: `the machine ${oneLine(holder ?? "that it runs on", 80)} is not there` }),
};

/** What holds it up and what can be done about it, in one line. */
export function holdLine(hold: Hold, sessionId: string): string {
  const { what, ways = [] } = wordsOf(hold, sessionId);
  const rest = ways.map(([command, does]) => `${command} ${does}`).join("; ");
  return rest === "" ? `waiting: ${what}` : `waiting: ${what} (${rest})`;
}

/** The same in lines. */
export function holdLines(hold: Hold, sessionId: string): string[] {
  const { what, ways = [] } = wordsOf(hold, sessionId);
  return [`Waiting: ${what}.`, ...ways.map(([command, does]) => `  ${command}  ${does}`)];
}

function wordsOf(hold: Hold, sessionId: string): Words {
  const words: (hold: never, sessionId: string) => Words = WORDS[hold.kind];
  return words(hold as never, sessionId);
}
