/** What an agent says of its MCP servers beside its answer holds none of their secrets. */
import {
  type APIError,
  givenServers,
  type McpServers,
  type SessionError,
  type SessionId,
  type TurnId,
} from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { AgentFailure } from "../../src/agents/index.ts";
import { maskOf } from "../../src/turn/record/masked.ts";
import { lateNote } from "../../src/turn/record/note.ts";
import { DataDirectory, type Room } from "./room.ts";
import { agentError, endTurn } from "./scripted-agent.ts";

const SECRETS = ["hush-in-env", 'hush "in" json', "hush-in-args", "hush-in-query", "hush-in-header"];
const mcpServers: McpServers = {
  words: {
    type: "stdio",
    command: "words",
    args: ["--token", "hush-in-args"],
    env: { WORD: "hush-in-env", OTHER: 'hush "in" json' },
  },
  docs: {
    type: "http",
    url: "http://127.0.0.1:1/mcp?key=hush-in-query",
    headers: { "x-key": "hush-in-header" },
  },
};
/** As an agent repeats what it was given. */
const WORDS = `cannot reach ${SECRETS.join(", ")}: ${JSON.stringify({ mcpServers })}`;
const apiError: APIError = {
  name: "APIError",
  data: { message: WORDS, isRetryable: true, responseBody: WORDS, metadata: { where: WORDS } },
};

let directory: DataDirectory;
let room: Room;
let sessionId: SessionId;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
  sessionId = await room.createSession({ mcpServers });
});
afterEach(() => room.crash());
afterAll(() => directory.remove());

/** Everything that anybody could read of a turn. */
async function told(turnId: TurnId): Promise<string> {
  const rows = [await room.turn(turnId), await room.store.messagesOfTurn(turnId)];
  return JSON.stringify([rows, room.events, room.logs]);
}

test.each<[string, SessionError]>([
  ["an error of its own", { name: "AgentReportedError", data: { agent: "rehearsal", message: WORDS } }],
  ["an error of its model's provider", apiError],
])("[A-7, A-25] %s, its notes and its tries hold no secret of its servers", async (_what, error) => {
  room.agent.next(({ sink, handle }) => {
    sink.emit({ type: "notice", kind: "noise", bytes: WORDS.length, tail: WORDS });
    sink.emit({ type: "retry", failed: { attempt: 1, error: apiError, next: room.clock.now() + 1_000 } });
    handle.idle.emit({ type: "raw", kind: "_mcp/failed", bytes: WORDS.length, tail: WORDS });
    return Promise.resolve({ outcome: "failed", error });
  });
  const turnId = await room.say(sessionId, "one");
  expect(await room.ended(turnId)).toMatchObject({
    state: "failed",
    error: {
      name: error.name,
      data: { message: expect.stringContaining("cannot reach [redacted], ") as string },
    },
  });
  const text = await told(turnId);
  for (const kept of ["agent.notice", "agent.raw", '"retry"']) expect(text).toContain(kept);
  expect(text).not.toContain("hush");
});

test("[A-7, A-16] what it says too late, or between its turns, holds none either", async () => {
  const turnId = await room.say(sessionId, "one");
  await room.ended(turnId);
  room.agent.opened[0]?.idle.emit({ type: "late", kind: "text", bytes: WORDS.length, tail: WORDS });
  await room.until(() => room.events.some(({ type }) => type === "agent.late"), true);
  expect(await told(turnId)).not.toContain("hush");
  const late = lateNote(maskOf({ mcpServers: givenServers(undefined, mcpServers) }), {
    type: "text",
    text: WORDS,
  });
  expect(late.tail).toContain("cannot reach [redacted], ");
  expect(late.tail).not.toContain("hush");
});

test("[A-7, A-25] nor does an opening that failed", async () => {
  room.agent.openings.push(new AgentFailure("crashed", agentError("open", WORDS)));
  const turnId = await room.say(sessionId, "one");
  expect(await room.ended(turnId)).toMatchObject({
    state: "failed",
    error: { name: "AgentError", data: { phase: "open" } },
  });
  expect(await told(turnId)).not.toContain("hush");
});

test("[A-7, A-28] nor does the reason why it did not take what was said meanwhile", async () => {
  const ends = Promise.withResolvers<void>();
  room.agent.steering = () => Promise.resolve({ outcome: "failed", message: WORDS });
  room.agent.next(async () => {
    await ends.promise;
    return endTurn;
  });
  const first = await room.say(sessionId, "one");
  await room.until(() => room.turn(first), { state: "running" });
  const steered = await room.say(sessionId, "more", { steer: true });
  await room.until(() => room.turn(steered), {
    state: "queued",
    waitingFor: { kind: "turn", detail: expect.stringContaining("cannot reach [redacted], ") as string },
  });
  ends.resolve();
  await room.ended(steered);
  expect(await told(steered)).not.toContain("hush");
});
