/** Usage limits of agents behind the real server: waiting for the reset, sending all the same, and going on by itself. */
import { isTerminal, limitAt } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";

const HOUR_MS = 3_600_000;
/** Longer than a restart of the server takes. */
const RESET_MS = 10_000;

const endOf = (server: HoldfastProcess, turnId: string) =>
  until("the end of the turn", async () => {
    const turn = await server.client.getTurn(turnId);
    return isTerminal(turn.state) ? turn : undefined;
  });

test.runIf(isWhole)(
  "[A-29, D-8] at a limit the session waits for its reset, over a kill too, until somebody sends all the same; others of the agent are told",
  async () => {
    await using directory = await temporaryDirectory("limits");
    const root = directory.path;
    let server = await startHoldfast({ root });
    try {
      const { id } = await server.client.createSession({ directory: server.project, agent: "rehearsal" });
      const say = (text: string) => server.client.admitInput(id, { parts: [{ type: "text", text }] });
      const ended = async (text: string) => endOf(server, (await say(text)).turn.id);
      const limitOf = async (agent: string) =>
        (await server.client.listAgents()).items.find((each) => each.id === agent)?.limit;
      const refused = await ended(`SAY half\nLIMIT ${HOUR_MS} no more`);
      expect(refused).toMatchObject({
        state: "failed",
        reason: "limited",
        error: { name: "APIError", data: { statusCode: 429, message: "no more" } },
      });
      const session = await server.client.getSession(id);
      const limit = limitAt(session, Date.now());
      expect(limit).toEqual({ agent: "rehearsal", until: expect.any(Number) as number });
      expect(refused.error?.data).toMatchObject({ resetAt: limit?.until });
      expect(await limitOf("rehearsal")).toEqual({ until: limit?.until, sessionId: id });
      expect(await limitOf("qwen")).toBeUndefined();

      const next = await say("SAY after");
      const waits = () =>
        until("the wait for the reset", async () => {
          const { waitingFor } = await server.client.getTurn(next.turn.id);
          return waitingFor?.kind === "limit" ? waitingFor : undefined;
        });
      expect(await waits()).toEqual({ kind: "limit", holder: "rehearsal", until: limit?.until });
      await server.kill();
      server = await startHoldfast({ root });
      expect((await server.client.getSession(id)).suspended).toEqual(limit);
      expect(await waits()).toMatchObject({ until: limit?.until });
      await server.client.resumeQueue(id);
      expect(await endOf(server, next.turn.id)).toMatchObject({ state: "completed" });
      expect(await server.client.getSession(id)).not.toHaveProperty("suspended");
      expect(await limitOf("rehearsal")).toBeUndefined();

      // An agent that would wait that long by itself is stopped.
      const waiting = await ended(`RETRY ${HOUR_MS} overloaded`);
      expect(waiting).toMatchObject({ reason: "limited", error: { data: { message: "overloaded" } } });
      expect((await server.client.getSession(id)).suspended?.until).toBeGreaterThan(limit?.until ?? 0);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  },
);

test("[A-29, D-20] where it is asked for, a turn goes on once at the reset, by a prompt of its own, also when the server was killed meanwhile", async () => {
  await using directory = await temporaryDirectory("limits-go-on");
  const root = directory.path;
  let server = await startHoldfast({ root });
  try {
    const create = { directory: server.project, agent: "rehearsal", limitAttempts: 1 };
    const { id } = await server.client.createSession(create);
    const parts = [{ type: "text" as const, text: `LIMIT ${RESET_MS}` }];
    const { turn } = await server.client.admitInput(id, { parts });
    const first = await endOf(server, turn.id);
    await server.kill();
    server = await startHoldfast({ root });
    const turns = async () => (await server.client.listTurns(id)).items;
    const going = (await turns()).filter(({ resumes }) => resumes === turn.id);
    expect(going).toHaveLength(1);
    const ended = await endOf(server, going[0]?.id ?? "");
    expect(ended).toMatchObject({ state: "completed", attempts: 2, actor: { kind: "system" } });
    const resetAt = first.error?.name === "APIError" ? first.error.data.resetAt : undefined;
    expect(ended.time.started).toBeGreaterThanOrEqual(resetAt ?? Number.POSITIVE_INFINITY);
    const { items } = await server.client.listMessages(id);
    const asked = items.find(({ info }) => info.id === ended.messageId);
    expect(asked?.parts[0]).toMatchObject({ type: "text", synthetic: true });
    expect(await turns()).toHaveLength(2);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});
