import { readFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import { type AnyMessage, type AnyResponse, RequestError } from "@agentclientprotocol/sdk";
import { promptResult } from "../../src/agents/acp/prompt-result.ts";
import { SessionFeed } from "../../src/agents/acp/session-feed.ts";
import { Wire } from "../../src/agents/acp/wire.ts";
import { KNOWN_AGENTS } from "../../src/agents/catalog/index.ts";
import type { NoteEvent, PromptResult, StateEvent } from "../../src/agents/index.ts";
import { RecordedTurn } from "./recorded-turn.ts";

type Recorded = { from: "client" | "agent"; message: AnyMessage };

const GOLDEN = path.join(import.meta.dirname, "../golden/acp");

/** What a recorded stream became: the agent's version, state and notes outside of prompts, and one turn per prompt with its end and its usage. */
export type Replayed = {
  version: string | undefined;
  idle: (StateEvent | NoteEvent)[];
  turns: { events: RecordedTurn["events"]; result: PromptResult; usage: unknown; lastText: string }[];
};

type Running = { turn: RecordedTurn; prompt: ReturnType<SessionFeed["beginPrompt"]>; isCancelled: boolean };

/** Replays a golden stream of a real agent. */
export const replayStream = (agent: string, name: string): Promise<Replayed> =>
  replayFile(agent, path.join(GOLDEN, `${name}.jsonl`));

/** Replays a recorded stream of a real agent through the serial loop and the feed, without the agent. */
export async function replayFile(agent: string, file: string): Promise<Replayed> {
  const quirks = KNOWN_AGENTS.find(({ id }) => id === agent)?.quirks;
  if (quirks === undefined) throw new Error(`no record of ${agent}`);
  const lines = readFileSync(file, "utf8").trim().split("\n");
  const idle: Replayed["idle"] = [];
  const turns: Replayed["turns"] = [];
  let version: string | undefined;
  const feed = new SessionFeed({ emit: (event) => idle.push(event) }, quirks);
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  stdin.resume();
  const wire = new Wire({ stdin, stdout }, feed);
  const writer = wire.stream.writable.getWriter();
  const prompts = new Map<unknown, Running>();
  const opening = new Set<unknown>();
  for (const line of lines) {
    const { from, message } = JSON.parse(line) as Recorded;
    if (from === "agent") {
      stdout.write(`${JSON.stringify(message)}\n`);
      await drained(stdout);
      if ("method" in message) continue;
      if (opening.has(message.id)) version = versionIn(message);
      const ended = prompts.get(message.id);
      if (ended === undefined) continue;
      const { turn, prompt, isCancelled } = ended;
      const usage = "result" in message ? prompt.usage.settle(message.result, feed.state) : undefined;
      const facts = { agent, version, quirks, isCancelled, lastText: prompt.lastText };
      const never = {
        isRejected: false,
        isKilled: false,
        crash: undefined,
        usage: undefined,
        authMethods: [],
      };
      const result = promptResult({ ...facts, ...never, answer: answerIn(message) });
      turns.push({ events: turn.events, result, usage, lastText: prompt.lastText });
      prompts.delete(message.id);
      continue;
    }
    if ("method" in message) {
      const params = message.params as { sessionId?: string };
      if (message.method === "session/load") feed.expectReplay(params.sessionId ?? "");
      if (message.method === "session/cancel") for (const one of prompts.values()) one.isCancelled = true;
      if ("id" in message && message.method === "initialize") opening.add(message.id);
      if ("id" in message && message.method === "session/prompt") {
        const turn = new RecordedTurn();
        prompts.set(message.id, { turn, prompt: feed.beginPrompt(turn), isCancelled: false });
      }
    }
    await writer.write(message);
  }
  // The stream ends in a prompt whose agent did not obey its cancel.
  for (const { turn, prompt } of prompts.values())
    turns.push({
      events: turn.events,
      result: { outcome: "killed" },
      usage: undefined,
      lastText: prompt.lastText,
    });
  stdout.end();
  await wire.ended;
  return { version, idle, turns };
}

function answerIn(message: AnyResponse): { result: unknown } | { error: unknown } {
  if ("result" in message) return { result: message.result };
  const { code, message: said, data } = message.error;
  return { error: new RequestError(code, said, data) };
}

const versionIn = (message: AnyResponse): string | undefined =>
  "result" in message
    ? (message.result as { agentInfo?: { version?: string } | null }).agentInfo?.version
    : undefined;

/** Resolves when everything that was written has passed the loop. */
async function drained(stream: PassThrough): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (stream.readableLength > 0);
}
