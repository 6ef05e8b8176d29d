/** What the gallery shows: recorded sessions, each at the end of its recording, and the states of a view that has no session to show. */
import { EMPTY_SESSION, reduce } from "@holdfast/client";
import { isHandoffPart, type SessionEvent } from "@holdfast/protocol";
import type { LiveView } from "../../src/data/index.ts";
import { RECORDINGS } from "./recordings/index.ts";

export type Case = { name: string; title: string; view: LiveView; isOffline?: boolean; isTall?: boolean };

/** Recording -> what it shows, in the order of the gallery. */
const TITLES: Readonly<Record<string, string>> = {
  empty: "Empty: nothing was asked yet",
  tools: "Rehearsal agent: reasoning, reads, a diff, commands, much output, a plan, markdown",
  kinds: "Calls of every kind, one failed",
  "kinds-open": "Calls that run and one that waits",
  qwen: "Qwen Code, from a recorded stream",
  goose: "Goose, from a recorded stream",
  "permission-edit": "A permission is asked",
  "permission-answered": "One allowed, one rejected",
  question: "A question with fields",
  "question-page": "A question with a page to visit",
  opening: "The agent is opened",
  running: "A turn streams",
  queued: "Two inputs wait behind a turn",
  "waiting-for": "A queued turn waits until its agent may be started again",
  "waiting-workspace": "A queued turn waits until another session has ended its own in the same directory",
  "waiting-pool": "A queued turn waits for a place among the live agents",
  limit: "The agent is at its usage limit, and an input waits for the reset",
  switched: "Another agent takes a turn; each is told what it missed",
  resumed: "An agent that was started again and remembers",
  replayed: "An agent that lost its memory and was told what happened",
  stalled: "No sign from the agent",
  stopping: "Stopping an agent that does not listen",
  stopped: "Stopped",
  failed: "The agent reported an error",
  crashed: "The agent's program ended",
  interrupted: "The server was killed in the middle of it",
};

/** Long ones, which are shown whole. */
const TALL: ReadonlySet<string> = new Set(["tools", "kinds"]);

const NOTHING: LiveView = { phase: "loading", state: EMPTY_SESSION, isCurrent: false, older: "none" };

/** All cases, as if each had just happened at `now`, in ms. */
export function casesAt(now: number): Case[] {
  const recorded = Object.entries(TITLES).map(([name, title]) => {
    const view = viewOf(name, now);
    return { name, title, view, isTall: TALL.has(name) };
  });
  return [
    ...recorded,
    {
      name: "lost",
      title: "An agent that lost its memory, and could not be told: as above, without the account",
      view: withoutAccount(viewOf("replayed", now)),
    },
    { name: "loading", title: "Loading", view: NOTHING },
    { name: "missing", title: "Deleted, or of another server", view: { ...NOTHING, phase: "missing" } },
    {
      name: "error",
      title: "Could not be read",
      view: { ...NOTHING, phase: "failed", error: "The storage is not available now. Try again later." },
    },
    {
      name: "offline",
      title: "The server cannot be reached while a turn runs",
      view: { ...viewOf("running", now), isCurrent: false },
      isOffline: true,
    },
  ];
}

function viewOf(name: string, now: number): LiveView {
  const state = moved(RECORDINGS.get(name) ?? [], now).reduce(reduce, EMPTY_SESSION);
  return { phase: "ready", state, isCurrent: true, older: "none" };
}

/** No agent of a test loses its memory where there is nothing to tell: the one state that is made from another's recording. */
function withoutAccount(view: LiveView): LiveView {
  const { state } = view;
  const messages = state.messages.map(({ info, parts }) => ({
    info,
    parts: parts.filter((part) => !isHandoffPart(part)),
  }));
  const turns = Object.fromEntries(
    Object.entries(state.turns).map(([id, turn]) => [
      id,
      turn.opened === "replayed" ? { ...turn, opened: "lost" as const } : turn,
    ]),
  );
  return { ...view, state: { ...state, messages, turns } };
}

/** Times of the recordings' year and later, in ms, are moved; other numbers are not so large. */
const FIRST_TIME = Date.UTC(2020);

/** The events as if the last had come at `now`, so that clocks show what they show when it happens. */
function moved(events: readonly SessionEvent[], now: number): SessionEvent[] {
  const by = now - (events.at(-1)?.time ?? now);
  const move = (_: string, value: unknown) =>
    typeof value === "number" && value > FIRST_TIME && Number.isInteger(value) ? value + by : value;
  return JSON.parse(JSON.stringify(events), move) as SessionEvent[];
}

/** Recordings that no case shows, and cases without a recording. */
export function mismatches(): string[] {
  const names = new Set([...RECORDINGS.keys(), ...Object.keys(TITLES)]);
  return [...names].filter((name) => !RECORDINGS.has(name) || !(name in TITLES));
}
