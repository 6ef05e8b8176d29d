/** Too much of what is allowed. */
import { until } from "../harness/index.ts";
import type { HostileCase } from "./http-cases.ts";

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

export const LOAD_CASES: readonly HostileCase[] = [
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
