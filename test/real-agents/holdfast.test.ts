/** Real goose and real qwen behind the real server, on the scripted model (agents.md 9). */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Message, Permission, Turn } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { realAgent, type RealAgentName } from "../../test-agents/agents.ts";
import {
  killIfThere,
  type HoldfastProcess,
  processesWith,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { sampleOf, isWhole } from "../harness/sample.ts";
import { type ScriptedModel, startModel } from "../model/index.ts";

const TURN_MS = 240_000;

type Bench = {
  server: HoldfastProcess;
  model: ScriptedModel;
  restart: () => Promise<HoldfastProcess>;
  sessionId: string;
  root: string;
};

/** A server that knows one real agent, and a session with it that asks before it acts. */
async function withAgent(name: RealAgentName, run: (bench: Bench) => Promise<void>): Promise<void> {
  await using directory = await temporaryDirectory(`real-${name}`);
  const model = await startModel();
  const root = directory.path;
  const agent = realAgent(name, { modelUrl: model.url, home: join(root, "agent-home") });
  await agent.prepare();
  const config = { agents: { [name]: { backend: "acp" as const, command: agent.command, env: agent.env } } };
  let server = await startHoldfast({ root, config });
  try {
    const session = await server.client.createSession({ directory: server.project, agent: name });
    const restart = async () => (server = await startHoldfast({ root, config }));
    await run({ server, model, restart, sessionId: session.id, root });
  } finally {
    await server[Symbol.asyncDispose]();
    await model.close();
  }
}

let turnNumber = 0;
/** A prompt that the scripted model reads as its own turn, whatever an agent merges. */
const prompt = (...lines: string[]) => ({
  parts: [{ type: "text" as const, text: [`#turn ${(turnNumber += 1)}`, ...lines].join("\n") }],
});

async function ask(
  server: HoldfastProcess,
  sessionId: string,
  ...lines: string[]
): Promise<{ turn: Turn; messages: Message[] }> {
  const answer = await server.client.admitInputAndWait(sessionId, prompt(...lines), { timeoutMs: TURN_MS });
  if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
  return answer;
}

const textOf = (messages: Message[]): string =>
  messages
    .filter((message) => message.info.role === "assistant")
    .flatMap((message) => message.parts)
    .map((part) => (part.type === "text" ? part.text : ""))
    .join("");

const turnOf = async (server: HoldfastProcess, id: string): Promise<Turn> => server.client.getTurn(id);

const ended = (server: HoldfastProcess, id: string): Promise<Turn> =>
  until("the turn's end", async () => {
    const turn = await turnOf(server, id);
    return ["completed", "failed", "aborted"].includes(turn.state) ? turn : undefined;
  });

/** Waits until the answer of a running turn shows this text. */
const streamed = (server: HoldfastProcess, sessionId: string, text: string): Promise<string> =>
  until(
    `${text} in the stream`,
    async () => {
      const page = await server.client.listMessages(sessionId, { limit: 2 });
      const seen = textOf(page.items);
      return seen.includes(text) ? seen : undefined;
    },
    TURN_MS,
  );

const agentProcesses = (root: string) => processesWith(`${root}/agent-home`);

describe.each(sampleOf(["qwen", "goose"] as const, 1))("real %s", (name) => {
  test("[A-25, A-4] two turns in one process, and it remembers", () =>
    withAgent(name, async ({ server, sessionId, root }) => {
      const first = await ask(server, sessionId, "REMEMBER heron");
      expect(first.turn).toMatchObject({ state: "completed", opened: "new", openedBy: "create" });
      const children = agentProcesses(root);
      expect(children.length).toBeGreaterThan(0);
      const second = await ask(server, sessionId, "RECALL");
      expect(second.turn).toMatchObject({ state: "completed", opened: "resumed", openedBy: "live" });
      expect(textOf(second.messages)).toContain("heron");
      expect(agentProcesses(root)[0]).toBe(children[0]);
    }));

  test.runIf(isWhole)(
    "[R-8.2] the model is given the lines of a file that was mentioned, and no others",
    () =>
      withAgent(name, async ({ server, model, sessionId }) => {
        writeFileSync(join(server.project, "birds.txt"), "auk-1\nheron-2\nkite-3\nowl-4\n");
        const words = prompt("SAY I looked at @birds.txt:2-3");
        const asked = { ...words, mentions: true };
        const answer = await server.client.admitInputAndWait(sessionId, asked, { timeoutMs: TURN_MS });
        expect(answer).toMatchObject({ ended: true, turn: { state: "completed" } });
        const bodies = model.requests.map(({ body }) => JSON.stringify(body));
        const given = bodies.find((body) => body.includes("heron-2"));
        expect(given).toContain("kite-3");
        expect(bodies.filter((body) => /auk-1|owl-4/.test(body))).toEqual([]);
      }),
  );

  test.runIf(isWhole)(
    "[R-9.1, R-9.2] a subtask runs as a child of its own, and the parent goes on from what it said",
    () =>
      withAgent(name, async ({ server, sessionId }) => {
        const [words] = prompt("SAY a heron").parts;
        const look = {
          type: "subtask",
          agent: name,
          description: "Look",
          prompt: words?.text ?? "",
        } as const;
        const parts = [look, ...prompt("SAY done").parts];
        const answer = await server.client.admitInputAndWait(sessionId, { parts }, { timeoutMs: TURN_MS });
        if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
        expect(answer.turn.state).toBe("completed");
        const [call] = answer.messages
          .flatMap((message) => message.parts)
          .filter((part) => part.type === "tool");
        expect(call?.state).toMatchObject({ status: "completed", output: "a heron" });
        expect(textOf(answer.messages)).toBe("done");
      }),
  );

  test.runIf(isWhole)(
    "[R-2.1, A-7] an answer that does not fit is asked for again, and says which model gave it",
    () =>
      withAgent(name, async ({ server, sessionId }) => {
        const schema = { type: "object", properties: { bird: { type: "string" } }, required: ["bird"] };
        const answer = await server.client.admitInputAndWait(
          sessionId,
          {
            ...prompt("SAY a heron", 'LATER {"bird": "heron"}'),
            format: { type: "json_schema", schema, retryCount: 2 },
          },
          { timeoutMs: TURN_MS },
        );
        if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
        expect(answer.turn.state).toBe("completed");
        const answers = answer.messages.flatMap(({ info }) => (info.role === "assistant" ? [info] : []));
        expect(answers.map(({ structured }) => structured)).toEqual([undefined, { bird: "heron" }]);
        expect(answers[0]?.metadata).toMatchObject({ validation: { try: 1 } });
        const { items } = await server.client.listAgentSessions(sessionId);
        const current = items[0]?.models?.current;
        expect(current).toBeDefined();
        expect(answers.map(({ model }) => model?.modelId)).toEqual([current, current]);
        const refused = await server.client
          .admitInput(sessionId, { ...prompt("SAY x"), model: { modelId: "none-such" } })
          .catch((error: unknown) => error);
        expect(refused).toMatchObject({ status: 422, problem: { issues: [{ path: "body.model" }] } });
      }),
  );

  test("[A-19, A-20] a file is written after a permission was asked and answered", () =>
    withAgent(name, async ({ server, sessionId }) => {
      const admitted = await server.client.admitInput(
        sessionId,
        prompt("WRITE notes.txt a grey seal", "SAY done"),
      );
      const file = join(server.project, "notes.txt");
      const asked: Permission = await until(
        "the permission request",
        async () => {
          const { items } = await server.client.listPermissions({ state: "pending" });
          return items[0];
        },
        TURN_MS,
      );
      expect(asked).toMatchObject({ sessionId, turnId: admitted.turn.id, agent: name, state: "pending" });
      expect(JSON.stringify(asked.args)).toContain("a grey seal");
      expect((await server.client.getSession(sessionId)).status).toBe("waiting");
      expect(existsSync(file)).toBe(false);
      const replied = await server.client.replyPermission(asked.id, { reply: "once" });
      expect(replied.state).toBe("replied");
      expect(await ended(server, admitted.turn.id)).toMatchObject({ state: "completed" });
      expect(readFileSync(file, "utf8").trim()).toBe("a grey seal");
      const { items } = await server.client.listMessages(sessionId);
      const tools = items.flatMap((message) => message.parts).filter((part) => part.type === "tool");
      expect(tools.map((part) => part.state.status)).toContain("completed");
    }));

  test.runIf(isWhole)(
    "[A-15, A-16] a stop in mid-stream ends the turn as cancelled, and the next turn is untouched",
    () =>
      withAgent(name, async ({ server, sessionId }) => {
        const admitted = await server.client.admitInput(sessionId, prompt("SLOW 100000 20"));
        await streamed(server, sessionId, "w5 ");
        await server.client.cancelTurn(admitted.turn.id);
        const turn = await ended(server, admitted.turn.id);
        expect(turn).toMatchObject({ state: "aborted", reason: "cancelled" });
        const next = await ask(server, sessionId, "SAY after the stop");
        expect(next.turn.state).toBe("completed");
        expect(textOf(next.messages)).toContain("after the stop");
        expect(textOf(next.messages)).not.toMatch(/\bw\d+\b/);
      }),
  );

  test("[A-17] an agent killed in mid-turn fails its turn honestly", () =>
    withAgent(name, async ({ server, sessionId, root }) => {
      const admitted = await server.client.admitInput(sessionId, prompt("SLOW 100000 20"));
      const before = await streamed(server, sessionId, "w5 ");
      for (const pid of agentProcesses(root)) killIfThere(pid);
      const turn = await ended(server, admitted.turn.id);
      expect(turn).toMatchObject({ state: "failed", reason: "crashed", error: { name: "AgentError" } });
      const { items } = await server.client.listMessages(sessionId, { limit: 2 });
      expect(textOf(items).startsWith(before)).toBe(true);
      expect((await ask(server, sessionId, "SAY back again")).turn.state).toBe("completed");
    }));

  test("[D-18, A-11] a server killed in mid-turn leaves an interrupted turn with its text, and no process", () =>
    withAgent(name, async ({ server, restart, sessionId, root }) => {
      const admitted = await server.client.admitInput(sessionId, prompt("SLOW 100000 20"));
      const before = await streamed(server, sessionId, "w5 ");
      const old = agentProcesses(root);
      await server.kill();
      const next = await restart();
      const turn = await turnOf(next, admitted.turn.id);
      expect(turn).toMatchObject({
        state: "aborted",
        reason: "interrupted",
        error: { name: "MessageAbortedError" },
      });
      const { items } = await next.client.listMessages(sessionId, { limit: 2 });
      expect(textOf(items).startsWith(before)).toBe(true);
      expect(agentProcesses(root).filter((pid) => old.includes(pid))).toEqual([]);
    }));
});
