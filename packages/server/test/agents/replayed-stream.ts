import { readFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import type { AnyMessage } from "@agentclientprotocol/sdk";
import { SessionFeed } from "../../src/agents/acp/session-feed.ts";
import { Wire } from "../../src/agents/acp/wire.ts";
import { KNOWN_AGENTS } from "../../src/agents/catalog/index.ts";
import type { NoteEvent, StateEvent } from "../../src/agents/index.ts";
import { RecordedTurn } from "./recorded-turn.ts";

type Recorded = { from: "client" | "agent"; message: AnyMessage };

const GOLDEN = path.join(import.meta.dirname, "../golden/acp");

/** What a recorded stream became: state and notes outside of prompts, and one turn per prompt with its usage. */
export type Replayed = {
  idle: (StateEvent | NoteEvent)[];
  turns: { events: RecordedTurn["events"]; usage: unknown; lastText: string }[];
};

/** Replays a recorded stream of a real agent through the serial loop and the feed, without the agent. */
export async function replayStream(agent: string, name: string): Promise<Replayed> {
  const quirks = KNOWN_AGENTS.find(({ id }) => id === agent)?.quirks;
  if (quirks === undefined) throw new Error(`no record of ${agent}`);
  const lines = readFileSync(path.join(GOLDEN, `${name}.jsonl`), "utf8")
    .trim()
    .split("\n");
  const idle: Replayed["idle"] = [];
  const turns: Replayed["turns"] = [];
  const feed = new SessionFeed({ emit: (event) => idle.push(event) }, quirks);
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  stdin.resume();
  const wire = new Wire({ stdin, stdout }, feed);
  const writer = wire.stream.writable.getWriter();
  const prompts = new Map<unknown, { turn: RecordedTurn; prompt: ReturnType<SessionFeed["beginPrompt"]> }>();
  for (const line of lines) {
    const { from, message } = JSON.parse(line) as Recorded;
    if (from === "agent") {
      stdout.write(`${JSON.stringify(message)}\n`);
      await drained(stdout);
      const ended = "result" in message ? prompts.get(message.id) : undefined;
      if (ended !== undefined && "result" in message) {
        const usage = ended.prompt.usage.settle(message.result, feed.state);
        turns.push({ events: ended.turn.events, usage, lastText: ended.prompt.lastText });
      }
      continue;
    }
    if ("method" in message && "id" in message) {
      const params = message.params as { sessionId?: string };
      if (message.method === "session/load") feed.expectReplay(params.sessionId ?? "");
      if (message.method === "session/prompt") {
        const turn = new RecordedTurn();
        prompts.set(message.id, { turn, prompt: feed.beginPrompt(turn) });
      }
    }
    await writer.write(message);
  }
  stdout.end();
  await wire.ended;
  return { idle, turns };
}

/** Resolves when everything that was written has passed the loop. */
async function drained(stream: PassThrough): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (stream.readableLength > 0);
}
