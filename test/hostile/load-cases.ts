/** Too much of what is allowed. */
import { type Input, MAX_EVENT_BYTES, type Turn } from "@holdfast/protocol";
import { readFrames, until } from "../harness/index.ts";
import { HOSTILE_AGENT } from "./agent-cases.ts";
import type { HostileCase, Target, Verdict } from "./http-cases.ts";

const INPUTS = 100_000;
const AT_ONCE = 64;
const SOCKETS = 500;

async function many(
  count: number,
  atOnce: number,
  one: (index: number) => Promise<string>,
): Promise<Map<string, number>> {
  const got = new Map<string, number>();
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      const answer = await one(index).catch((error: unknown) => (error as Error).name);
      got.set(answer, (got.get(answer) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return got;
}

const summary = (got: Map<string, number>): string =>
  [...got].map(([what, count]) => `${count} x ${what}`).join(", ");

const LARGE = [300_000, 2_300_000, 9_000_000];

/** Admits inputs of these sizes, and tells what somebody who follows everything got of them. */
async function followLarge({ server }: Target): Promise<Verdict> {
  const { client } = server;
  const stop = new AbortController();
  const [heard, trouble]: [number[], string[]] = [[], []];
  const ended = new Set<string>();
  const session = await client.createSession({
    directory: await server.place("large"),
    agent: HOSTILE_AGENT,
    approvalMode: "all",
  });
  const following = (async () => {
    for await (const item of client.streamFeed({ after: "0", signal: stop.signal })) {
      if (item.kind === "disconnected" || item.kind === "reset") trouble.push(item.kind);
      if (item.kind !== "event" || item.event.sessionId !== session.id) continue;
      const data = item.event.data as { input?: Input; turn?: Turn };
      const [part] = data.input?.parts ?? [];
      if (item.event.type === "input.delivered") heard.push(part?.type === "text" ? part.text.length : 0);
      if (item.event.type === "turn.completed") ended.add(data.turn?.id ?? "");
    }
  })();
  for (const size of LARGE) {
    const parts = [{ type: "text" as const, text: "x".repeat(size) }];
    const { turn } = await client.admitInput(session.id, { parts });
    await until("the end of the turn as the feed tells it", () => Promise.resolve(ended.has(turn.id)));
  }
  const response = await server.fetch("/api/events?after=0", { signal: stop.signal });
  const { frames } = await readFrames(response, ({ event }) => event === "caught-up");
  const largest = Math.max(
    ...frames.map(({ data }) => Buffer.byteLength(JSON.stringify(data["data"] ?? {}))),
  );
  stop.abort();
  await following;
  const got = `heard ${heard.join(", ")}; ${trouble.length} troubles; largest event ${largest} bytes`;
  return {
    got,
    isFine: heard.join() === LARGE.join() && trouble.length === 0 && largest <= MAX_EVENT_BYTES,
  };
}

export const LOAD_CASES: readonly HostileCase[] = [
  { name: "inputs of 0.3 to 9 MB, and a reader of everything", rules: "D-4", run: followLarge },
  {
    name: "100,000 inputs on one session",
    rules: "D-6",
    run: async ({ server }) => {
      const session = await server.client.createSession({
        directory: server.project,
        agent: "rehearsal",
        approvalMode: "all",
      });
      const { turn } = await server.client.admitInput(session.id, {
        parts: [{ type: "text", text: "HANG" }],
      });
      const got = await many(INPUTS, AT_ONCE, async () => {
        const response = await server.fetch(`/api/sessions/${session.id}/inputs`, {
          method: "POST",
          body: '{"parts":[{"type":"text","text":"SAY x"}]}',
          headers: { "content-type": "application/json" },
        });
        await response.arrayBuffer();
        return String(response.status);
      });
      await server.client.cancelTurn(turn.id);
      await until(
        "the end of the turn",
        async () => (await server.client.getTurn(turn.id)).state === "aborted",
      );
      await server.client.deleteSession(session.id, { discard: true });
      const isFine =
        [...got.keys()].every((status) => ["202", "429"].includes(status)) && (got.get("202") ?? 0) <= 1_000;
      return { got: summary(got), isFine };
    },
  },
  {
    name: "500 streams that are opened and left",
    rules: "D-24",
    run: async ({ server, sessionId }) => {
      const got = await many(SOCKETS, AT_ONCE, async () => {
        const leave = new AbortController();
        const response = await server.fetch(`/api/sessions/${sessionId}/events?after=0`, {
          signal: leave.signal,
        });
        leave.abort();
        return String(response.status);
      });
      return { got: summary(got), isFine: (got.get("200") ?? 0) === SOCKETS };
    },
  },
];
