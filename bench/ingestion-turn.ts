/**
 * The turn that T-1 streams, and the order in which it arrives: 1 user message, 200 deltas of 20 bytes, 5 tool parts with 3 states of 2 KB, 1
 * finalization. A closed loop: at most 20 deltas are unacknowledged, and a tool state is told when everything before it is acknowledged, because a
 * tool takes time. Whoever stores it is told nothing else, so both sides of the benchmark see the same arrivals.
 */
import type { ToolUpdate } from "../packages/server/src/agents/index.ts";

export const WINDOW = 20;
export const TOOLS = 5;
export const DELTAS_PER_TOOL = 40;
export const STATES = ["pending", "running", "completed"] as const;
const STATE_BYTES = 2_048;

export const PROMPT = "Look at the parser, mend what is broken in it, and run its tests.";
const DELTA = "twenty bytes of text";
/** What a call that runs, and one that is done, shows; a call that waits shows the same amount of input. */
const FILLER = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.\n".repeat(32);

/** One turn being stored. `delta` and `tool` only hand over; `acknowledged` resolves when all of it is durable. */
export type StoredTurn = {
  delta(text: string): void;
  tool(update: ToolUpdate): void;
  acknowledged(): Promise<void>;
  /** Resolves when the turn's end is durable. */
  finalize(): Promise<void>;
};

/** Somewhere turns are stored. */
export type TurnStore = {
  /** Resolves when the user's message is durable and the answer may begin. `session` counts from 0. */
  begin(session: number): Promise<StoredTurn>;
  /** Commits so far, and how many rows each table has: what shows that both sides did the same. */
  work(): { commits: number; rows: Record<string, number> };
  close(): Promise<void>;
};

export function toolUpdate(call: string, state: (typeof STATES)[number]): ToolUpdate {
  const callId = `call_${call}`;
  const shown = FILLER.slice(0, STATE_BYTES);
  if (state === "pending")
    return { callId, status: state, tool: "read", title: "Read", input: { text: shown } };
  if (state === "running") return { callId, status: state, input: {}, output: shown };
  return { callId, status: state, output: shown };
}

async function playTurn(store: TurnStore, session: number, name: string): Promise<void> {
  const turn = await store.begin(session);
  for (let tool = 0; tool < TOOLS; tool += 1) {
    for (let delta = 1; delta <= DELTAS_PER_TOOL; delta += 1) {
      turn.delta(DELTA);
      if (delta % WINDOW === 0) await turn.acknowledged();
    }
    for (const state of STATES) {
      turn.tool(toolUpdate(`${name}_${tool}`, state));
      await turn.acknowledged();
    }
  }
  await turn.finalize();
}

/** Plays `turns` turns one after the other in each of `sessions` sessions at once. */
export async function playTurns(store: TurnStore, sessions: number, turns: number): Promise<void> {
  const play = async (session: number): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1) await playTurn(store, session, `${session}_${turn}`);
  };
  await Promise.all(Array.from({ length: sessions }, (_, session) => play(session)));
}
