/** What is done to an agent, case by case. Each answers what it saw in one line, which the table of cells names in advance. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Turn } from "@holdfast/protocol";
import { until } from "../harness/index.ts";
import { type Bench, outcomeOf, type Place, RETRY_MS, STEP_MS } from "./bench.ts";
import { MODEL_CASES } from "./model-cases.ts";

/** What a permission request of the case that nobody answers waits for, in ms. */
const UNANSWERED_MS = 500;
/** How long a cancelled tool may live on: A-15's ladder and a margin. */
const TOOL_END_MS = 15_000;

const SLOW = "SLOW 3000 20";

type Play = (bench: Bench) => Promise<string>;

export type Case = { title: string; does: string; play: Play };

const openedOf = ({ opened, openedBy }: Turn): string => `${opened} by ${openedBy}`;

/** The last turn of a case about memory: how the agent was found, and whether it knew the word. */
async function recall(bench: Bench, place: Place, word: string): Promise<string> {
  const { turn, text } = await bench.ask(place, "RECALL");
  return `${outcomeOf(turn)}, ${openedOf(turn)}, ${text.includes(word) ? "remembered" : "forgotten"}`;
}

/** The turn after a cancelled one: it must be its own. */
async function next(bench: Bench, place: Place): Promise<string> {
  const { turn, text } = await bench.ask(place, "SAY after the stop");
  const isOwn = text.includes("after the stop") && !/\bw\d+\b/.test(text);
  return `next ${outcomeOf(turn)}${isOwn ? "" : " with another's text"}`;
}

async function cancel(bench: Bench, turn: Turn): Promise<string> {
  await bench.client.cancelTurn(turn.id);
  return outcomeOf(await bench.ended(turn));
}

async function modelError(bench: Bench, status: number): Promise<string> {
  const place = await bench.newPlace();
  const { turn: last, triesOn } = await bench.endedOrTired(
    await bench.admit(place, `FAIL ${status} the script says no`),
  );
  if (triesOn) return `tries on; cancel: ${outcomeOf(last)}`;
  const isTold =
    last.state === "completed" && /says no|error|\b[45]00\b/i.test(await bench.textOf(place, last));
  return `${outcomeOf(last)}${isTold ? ", the error as its text" : ""}`;
}

const isAlive = (pid: number): boolean => {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

async function cancelInTool(bench: Bench): Promise<string> {
  const place = await bench.newPlace();
  const file = join(place.directory, "tool.pid");
  const turn = await bench.admit(place, "BASH echo $$ > tool.pid; exec sleep 600");
  const tool = await until(
    "the tool's start",
    async () => {
      if (existsSync(file)) return Number(readFileSync(file, "utf8"));
      for (const asked of await bench.permissionsOf(turn))
        if (asked.state === "pending") await bench.client.replyPermission(asked.id, { reply: "once" });
      const seen = await bench.client.getTurn(turn.id);
      if (seen.time.ended !== undefined)
        throw new Error(`The turn ended ${outcomeOf(seen)} before its tool ran.`);
      return undefined;
    },
    STEP_MS,
  );
  const outcome = await cancel(bench, turn);
  const isGone = await until("the tool's end", () => !isAlive(tool), TOOL_END_MS).catch(() => false);
  return `${outcome}, ${isGone ? "tool ended" : "tool lives on"}; ${await next(bench, place)}`;
}

async function cancelInPermission(bench: Bench): Promise<string> {
  const place = await bench.newPlace();
  const turn = await bench.admit(place, "WRITE never.txt a seal", "SAY written");
  await bench.asked(turn);
  const { status } = await bench.client.getSession(place.sessionId);
  const outcome = await cancel(bench, turn);
  const states = (await bench.permissionsOf(turn)).map(({ state }) => state).join(", ");
  const deed = existsSync(join(place.directory, "never.txt")) ? "written" : "not written";
  return `${status}; ${outcome}, permission ${states}, ${deed}; ${await next(bench, place)}`;
}

async function neverAnswered(bench: Bench): Promise<string> {
  const place = await bench.newPlace();
  const input = bench.prompt("WRITE never.txt a seal", SLOW);
  const { turn } = await bench.client.admitInput(place.sessionId, {
    ...input,
    permissionTimeoutMs: UNANSWERED_MS,
  });
  await bench.asked(turn);
  await until(
    "the request's deadline",
    async () => (await bench.permissionsOf(turn)).every(({ state }) => state === "expired"),
    STEP_MS,
  );
  const streams = await bench.streamed(place, turn, "w5 ").then(
    () => true,
    () => false,
  );
  const after = streams
    ? `goes on; cancel: ${await cancel(bench, turn)}`
    : `ends ${outcomeOf(await bench.ended(turn))}`;
  const deed = existsSync(join(place.directory, "never.txt")) ? "written" : "not written";
  return `permission expired, ${deed}; ${after}; ${await next(bench, place)}`;
}

export const CASES = {
  "two-turns": {
    title: "memory over two turns",
    does: "A word is told in one turn and asked for in the next; the process must be the same.",
    play: async (bench) => {
      const place = await bench.newPlace();
      await bench.ask(place, "REMEMBER heron");
      const before = bench.programs();
      const told = await recall(bench, place, "heron");
      const isSame = before.length > 0 && before.every((pid) => bench.programs().includes(pid));
      return `${told}, ${isSame ? "same process" : "another process"}`;
    },
  },
  "agent-killed": {
    title: "memory after kill -9 of the agent",
    does: "The agent is killed in mid-stream of the second turn; the third turn asks for the word of the first.",
    play: async (bench) => {
      const place = await bench.newPlace();
      await bench.ask(place, "REMEMBER walrus");
      const turn = await bench.admit(place, SLOW);
      await bench.streamed(place, turn, "w5 ");
      bench.killAgent();
      const outcome = outcomeOf(await bench.ended(turn));
      return `${outcome}; ${await recall(bench, place, "walrus")}`;
    },
  },
  "server-killed": {
    title: "memory after kill -9 of the server",
    does: "The server is killed in mid-stream of the second turn and started again; the third turn asks for the word of the first.",
    play: async (bench) => {
      const place = await bench.newPlace();
      await bench.ask(place, "REMEMBER otter");
      const turn = await bench.admit(place, SLOW);
      await bench.streamed(place, turn, "w5 ");
      const old = bench.processes();
      await bench.killServer();
      const outcome = outcomeOf(await bench.ended(turn));
      const left = bench.processes().filter((pid) => old.includes(pid)).length;
      const leak = left === 0 ? "no process left" : `${left} processes left`;
      return `${outcome}, ${leak}; ${await recall(bench, place, "otter")}`;
    },
  },
  "cancel-stream": {
    title: "cancel in mid-stream",
    does: "A streaming turn is cancelled; the next turn must hold nothing of it.",
    play: async (bench) => {
      const place = await bench.newPlace();
      const turn = await bench.admit(place, SLOW);
      await bench.streamed(place, turn, "w5 ");
      return `${await cancel(bench, turn)}; ${await next(bench, place)}`;
    },
  },
  "cancel-tool": {
    title: "cancel during a tool",
    does: "A turn is cancelled while its shell command, allowed by a person, sleeps; the command must end too.",
    play: cancelInTool,
  },
  "cancel-permission": {
    title: "cancel during a pending permission",
    does: "A turn in mode `ask` is cancelled while its permission request waits for a person.",
    play: cancelInPermission,
  },
  "never-answered": {
    title: "a permission that nobody answers, then cancel",
    does: "The request passes its deadline; if the agent goes on, its turn is cancelled then.",
    play: neverAnswered,
  },
  "model-400": {
    title: "model error 400",
    does: "The model refuses the request.",
    play: (bench) => modelError(bench, 400),
  },
  "model-500": {
    title: "model error 500",
    does: `The model fails each try; who still tries after ${RETRY_MS / 1000} s is cancelled.`,
    play: (bench) => modelError(bench, 500),
  },
  "second-input": {
    title: "a second input while busy",
    does: "It is admitted while the first turn streams; it must wait, and its answer must be its own.",
    play: async (bench) => {
      const place = await bench.newPlace();
      const first = await bench.admit(place, "SLOW 150 20");
      await bench.streamed(place, first, "w5 ");
      const second = await bench.admit(place, "SAY the second");
      const state = (await bench.client.getTurn(second.id)).state;
      const one = outcomeOf(await bench.ended(first));
      const two = await bench.ended(second);
      const text = await bench.textOf(place, two);
      const isOwn = text.includes("the second") && !/\bw\d+\b/.test(text);
      return `${state}; ${one}; ${outcomeOf(two)}, ${openedOf(two)}${isOwn ? "" : ", with another's text"}`;
    },
  },
  "store-deleted": {
    title: "the agent's own store deleted",
    does: "Everything that the agent kept by itself is deleted between two turns: the next must say `replayed` or `lost`.",
    play: async (bench) => {
      const place = await bench.newPlace();
      await bench.ask(place, "REMEMBER gannet");
      await bench.deleteStore();
      return recall(bench, place, "gannet");
    },
  },
  ...MODEL_CASES,
} satisfies Record<string, Case>;

export type CaseId = keyof typeof CASES;
export const CASE_IDS = Object.keys(CASES) as CaseId[];
