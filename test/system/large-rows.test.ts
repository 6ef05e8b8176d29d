/** Rows that are larger than an event may be, through the real server: whoever follows hears of them, reads them, and of everybody else's. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { EMPTY_SESSION, type FeedItem, reduce, type SessionState } from "@holdfast/client";
import { MAX_EVENT_BYTES, type SessionEvent } from "@holdfast/protocol";
import { expect, test } from "vitest";
import {
  HOLDFAST,
  type HoldfastProcess,
  readFrames,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { HOSTILE_AGENT } from "../hostile/agent-cases.ts";
import { config } from "../hostile/hostile.ts";

/** Beside its data a frame has ids, an actor and a time. */
const ENVELOPE_BYTES = 4_096;
const MIB = 1024 * 1024;

/** The command line, with its input; how it ended and what it said. */
async function command(server: HoldfastProcess, args: readonly string[], input: string) {
  const child = spawn(process.execPath, [HOLDFAST, ...args], {
    cwd: server.project,
    env: {
      PATH: process.env["PATH"],
      HOME: join(server.root, "home"),
      HOLDFAST_DATA_DIR: join(server.root, "data"),
    },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** All that a session's stream tells from its beginning, as the client gives it. */
async function eventsOf({ client }: HoldfastProcess, sessionId: string): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  const stop = new AbortController();
  for await (const item of client.streamSession({ sessionId, after: 0, signal: stop.signal })) {
    if (item.kind === "event") events.push(item.event);
    if (item.kind === "caught-up") break;
    expect(["event", "hello"]).toContain(item.kind);
  }
  stop.abort();
  return events;
}

/** The largest frame of a path's stream, in bytes, up to the end of its replay. */
async function largestFrame(server: HoldfastProcess, path: string): Promise<number> {
  const leave = new AbortController();
  const response = await server.fetch(path, { signal: leave.signal });
  const { frames } = await readFrames(response, ({ event }) => event === "caught-up");
  leave.abort();
  return Math.max(...frames.map(({ data }) => Buffer.byteLength(JSON.stringify(data))));
}

test("[D-4, I-10] inputs of every size that is taken: run ends with its turn, and the feed of everything goes on", async () => {
  await using directory = await temporaryDirectory("large-inputs");
  await using server = await startHoldfast({ root: directory.path, config });
  const { client } = server;
  const feed: FeedItem[] = [];
  const stop = new AbortController();
  const heard = (async () => {
    for await (const item of client.streamFeed({ after: "0", signal: stop.signal })) feed.push(item);
  })();
  const [small, large] = [300_000, 2_300_000];
  for (const size of [small, large]) {
    const { code, stderr } = await command(server, ["run", "-a", HOSTILE_AGENT], "x".repeat(size));
    expect({ size, code, stderr }).toEqual({ size, code: 0, stderr: "" });
  }
  const { items } = await client.listSessions();
  const [id = ""] = items.map((session) => session.id);
  const told = await command(server, ["events", id, "--after", "0"], "");
  expect(told).toMatchObject({ code: 0, stderr: "" });
  const printed = told.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as SessionEvent);
  expect(printed.filter(({ type }) => type.startsWith("input."))).toMatchObject([
    { data: { input: { parts: [{ type: "text" }] } } },
  ]);
  const said = await command(server, ["attach", id], "hello\n");
  expect(said).toMatchObject({ code: 0, stderr: expect.stringContaining("The turn completed.") as string });
  // Many times an event, and of characters that JSON writes with six bytes.
  for (const text of ["x".repeat(9 * MIB), "\u0001".repeat(100_000)]) {
    const parts = [{ type: "text" as const, text }];
    const { ended } = await client.admitInputAndWait(id, { parts }, { timeoutMs: 240_000 });
    expect(ended).toBe(true);
  }
  expect(await largestFrame(server, `/api/sessions/${id}/events?after=0`)).toBeLessThan(
    MAX_EVENT_BYTES + ENVELOPE_BYTES,
  );
  const project = items[0]?.projectId ?? "";
  const setup = ["sh", ...Array.from({ length: 60 }, () => "\u0001".repeat(4_000))];
  await client.patchProject(project, { worktree: { setup } });
  await until("the project's event", () =>
    Promise.resolve(
      feed.find(
        (item) =>
          item.kind === "event" &&
          item.event.type === "project.updated" &&
          JSON.stringify(item.event.data).includes("\\u0001"),
      ) !== undefined,
    ),
  );
  stop.abort();
  await heard;
  const admitted = feed.flatMap((item) =>
    item.kind === "event" && item.event.type === "input.delivered"
      ? [item.event.data as { input: { parts: { text: string }[] } }]
      : [],
  );
  expect(admitted.map(({ input }) => input.parts[0]?.text.length)).toEqual([
    small,
    large,
    5,
    9 * MIB,
    100_000,
  ]);
  expect(feed.filter(({ kind }) => kind === "disconnected" || kind === "reset")).toEqual([]);
  expect(await largestFrame(server, "/api/events?after=0")).toBeLessThan(MAX_EVENT_BYTES + ENVELOPE_BYTES);
});

test("[D-4, D-12] what an agent says in megabytes is stored clean, told by name, and read whole", async () => {
  await using directory = await temporaryDirectory("large-rows");
  await using server = await startHoldfast({ root: directory.path, config });
  const { client } = server;
  const session = await client.createSession({
    directory: server.project,
    agent: HOSTILE_AGENT,
    approvalMode: "ask",
  });
  let state: SessionState = EMPTY_SESSION;
  const stop = new AbortController();
  const watching = (async () => {
    for await (const item of client.streamSession({
      sessionId: session.id,
      after: 0,
      signal: stop.signal,
    })) {
      expect(["event", "hello", "caught-up", "heartbeat"]).toContain(item.kind);
      if (item.kind === "event") state = reduce(state, item.event);
    }
  })();
  const { turn } = await client.admitInput(session.id, {
    parts: [{ type: "text", text: "HOSTILE large-rows" }],
  });
  const [asked] = await until("the request", () => {
    const pending = Object.values(state.permissions);
    return Promise.resolve(pending.length === 0 ? undefined : pending);
  });
  expect(asked?.args["command"]).toHaveLength(MIB + 5);
  expect(asked?.title.slice(0, 4)).toBe("t\ufffd\ufffdt");
  expect((await client.listPermissions({ state: "pending" })).items).toEqual([asked]);
  await client.replyPermission(asked?.id ?? "", { reply: "always" });
  expect((await client.listPermissionRules()).items.every(({ pattern }) => pattern.isWellFormed())).toBe(
    true,
  );
  await until("the end of the turn", () => Promise.resolve(state.turns[turn.id]?.state === "completed"));
  stop.abort();
  await watching;
  expect(state.todos).toEqual((await client.listTodos(session.id)).items);
  expect(state.todos).toHaveLength(1_000);
  expect(Object.values(state.agentSessions)).toEqual((await client.listAgentSessions(session.id)).items);
  expect(Object.values(state.agentSessions)[0]?.commands).toHaveLength(1_000);
  expect(state.messages).toEqual((await client.listMessages(session.id, { limit: 50 })).items);
  const replayed = (await eventsOf(server, session.id)).reduce(
    (all, event) => reduce(all, event),
    EMPTY_SESSION,
  );
  expect({ ...replayed, unplaced: {} }).toMatchObject({
    todos: state.todos,
    messages: state.messages,
    turns: state.turns,
  });
  expect(await largestFrame(server, `/api/sessions/${session.id}/events?after=0`)).toBeLessThan(
    MAX_EVENT_BYTES + ENVELOPE_BYTES,
  );
  for (const path of ["/api/permissions/", "/api/inputs/"])
    expect((await server.fetch(`${path}${path.includes("perm") ? asked?.id : turn.inputId}`)).status).toBe(
      200,
    );
});
