/** Agents that take turns in one session, each in a program of its own, on the scripted model. */
import { join } from "node:path";
import type { Message, Turn } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { realAgent } from "../../test-agents/agents.ts";
import { type HoldfastProcess, startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { sampleOf } from "../harness/sample.ts";
import { startModel } from "../model/index.ts";

const TURN_MS = 240_000;
/** opencode takes its time to start. */
const SLOW_TURN_MS = 120_000;

const textOf = (messages: readonly Message[]): string =>
  messages
    .filter(({ info }) => info.role === "assistant")
    .flatMap(({ parts }) => parts)
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
    .join("")
    .trim();

const handoffsOf = (messages: readonly Message[]): string[] =>
  messages
    .filter(({ info }) => info.role === "user")
    .flatMap(({ parts }) => parts)
    .flatMap((part) =>
      part.type === "text" && part.text.startsWith("<holdfast-handoff>") ? [part.text] : [],
    );

test.each(sampleOf(["goose", "qwen"] as const, 1))(
  "[A-6, A-4] rehearsal, %s and rehearsal again: each keeps its own memory and is told once what the other heard",
  async (name) => {
    await using directory = await temporaryDirectory(`switch-${name}`);
    const root = directory.path;
    const model = await startModel();
    const agent = realAgent(name, { modelUrl: model.url, home: join(root, "agent-home") });
    await agent.prepare();
    const config = {
      agents: { [name]: { backend: "acp" as const, command: agent.command, env: agent.env } },
    };
    let server = await startHoldfast({ root, config });
    try {
      const { id } = await server.client.createSession({ directory: server.project, agent: "rehearsal" });
      let number = 0;
      const ask = async (who: string, ...lines: string[]) => {
        number += 1;
        // The scripted model reads what stands behind this line as its turn; the rehearsal agent would repeat it.
        const text = (who === "rehearsal" ? lines : [`#turn ${number}`, ...lines]).join("\n");
        const answer = await server.client.admitInputAndWait(
          id,
          { parts: [{ type: "text", text }], agent: who },
          { timeoutMs: TURN_MS },
        );
        if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
        return { turn: answer.turn, text: textOf(answer.messages), handoffs: handoffsOf(answer.messages) };
      };
      const backendId = async (of: HoldfastProcess, who: string) =>
        (await of.client.listAgentSessions(id)).items.find((each) => each.agent === who)?.backendSessionId;

      expect((await ask("rehearsal", "REMEMBER fig")).turn).toMatchObject({
        opened: "new",
      } satisfies Partial<Turn>);
      const first = await backendId(server, "rehearsal");
      // The other one was never told the word, and knows it all the same.
      const told = await ask(name, "RECALL");
      expect(told).toMatchObject({
        turn: { state: "completed", opened: "new" },
        text: expect.stringContaining("fig") as string,
      });
      expect(told.handoffs).toHaveLength(1);
      const other = await backendId(server, name);

      await server.stop();
      server = await startHoldfast({ root, config });
      // Nobody repeated the word to it: it is its own memory, in its own session.
      const back = await ask("rehearsal", "RECALL");
      expect(back).toMatchObject({ turn: { opened: "resumed", openedBy: "resume" }, text: "fig" });
      expect(back.handoffs).toHaveLength(1);
      expect(back.handoffs[0]).not.toContain("REMEMBER");
      expect(await backendId(server, "rehearsal")).toBe(first);

      const again = await ask(name, "REMEMBER pear");
      expect(again).toMatchObject({ turn: { state: "completed", opened: "resumed" } });
      expect(await backendId(server, name)).toBe(other);
      const learnt = await ask("rehearsal", "RECALL");
      expect(learnt).toMatchObject({ turn: { opened: "resumed", openedBy: "live" }, text: "pear" });
      expect(learnt.handoffs).toHaveLength(1);
      expect((await ask("rehearsal", "RECALL")).handoffs).toEqual([]);
    } finally {
      await server.stop();
      await model.close();
    }
  },
);

test("[A-6, A-5] opencode, qwen and opencode again: its own session, its own word, and what the other was told meanwhile", async () => {
  await using directory = await temporaryDirectory("switch-opencode");
  const root = directory.path;
  const model = await startModel();
  const real = (name: "opencode" | "qwen") =>
    realAgent(name, { modelUrl: model.url, home: join(root, `${name}-home`) });
  const [opencode, qwen] = [real("opencode"), real("qwen")];
  await Promise.all([opencode.prepare(), qwen.prepare()]);
  const agents = {
    opencode: { backend: "opencode" as const, command: opencode.command.slice(0, 1), env: opencode.env },
    qwen: { backend: "acp" as const, command: qwen.command, env: qwen.env },
  };
  await using server = await startHoldfast({ root, config: { agents } });
  try {
    const { id } = await server.client.createSession({ directory: server.project, agent: "opencode" });
    let number = 0;
    const ask = async (agent: string, line: string) => {
      const text = `#turn ${(number += 1)}\n${line}`;
      const input = { parts: [{ type: "text" as const, text }], agent };
      const answer = await server.client.admitInputAndWait(id, input, { timeoutMs: SLOW_TURN_MS });
      if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
      expect(answer.turn, JSON.stringify(answer.turn)).toMatchObject({ state: "completed" });
      return { turn: answer.turn, text: textOf(answer.messages), handoffs: handoffsOf(answer.messages) };
    };
    const backendId = async () =>
      (await server.client.listAgentSessions(id)).items.find((each) => each.agent === "opencode")
        ?.backendSessionId;

    expect((await ask("opencode", "REMEMBER fig")).turn.opened).toBe("new");
    const first = await backendId();
    expect(first).toBeDefined();
    const told = await ask("qwen", "RECALL");
    expect(told.text).toContain("fig");
    expect(told.handoffs).toHaveLength(1);
    expect((await ask("qwen", "SAY a word of my own")).handoffs).toEqual([]);

    const back = await ask("opencode", "RECALL");
    expect(back.turn).toMatchObject({ opened: "resumed" } satisfies Partial<Turn>);
    expect(await backendId()).toBe(first);
    expect(back.text).toContain("fig");
    expect(back.handoffs).toHaveLength(1);
    expect(back.handoffs[0]).toContain("a word of my own");
    expect(back.handoffs[0], "what it was told itself is not told again").not.toContain("REMEMBER");
    expect((await ask("opencode", "RECALL")).handoffs).toEqual([]);
  } finally {
    await model.close();
  }
});

test("[A-6, A-26] native, qwen and native again: qwen is told what native heard, and native reads what qwen did", async () => {
  await using directory = await temporaryDirectory("switch-native");
  const root = directory.path;
  const model = await startModel();
  const qwen = realAgent("qwen", { modelUrl: model.url, home: join(root, "qwen-home") });
  await qwen.prepare();
  const config = { agents: { qwen: { backend: "acp" as const, command: qwen.command, env: qwen.env } } };
  const environment = { HOLDFAST_MODEL_URL: `${model.url}/v1`, HOLDFAST_MODEL: "fake-1" };
  let server = await startHoldfast({ root, config, environment });
  try {
    const { id } = await server.client.createSession({ directory: server.project, agent: "native:build" });
    let number = 0;
    const ask = async (agent: string, line: string) => {
      const text = `#turn ${(number += 1)}\n${line}`;
      const input = { parts: [{ type: "text" as const, text }], agent };
      const answer = await server.client.admitInputAndWait(id, input, { timeoutMs: SLOW_TURN_MS });
      if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
      expect(answer.turn, JSON.stringify(answer.turn)).toMatchObject({ state: "completed" });
      return { text: textOf(answer.messages), handoffs: handoffsOf(answer.messages) };
    };
    await ask("native:build", "REMEMBER fig");
    const told = await ask("qwen", "RECALL");
    expect(told.text).toContain("fig");
    expect(told.handoffs).toHaveLength(1);
    await ask("qwen", "REMEMBER pear");
    expect(await ask("native:build", "RECALL")).toEqual({
      text: expect.stringContaining("pear") as string,
      handoffs: [],
    });
    await server.stop();
    server = await startHoldfast({ root, config, environment });
    await ask("native:build", "REMEMBER plum");
    const back = await ask("qwen", "RECALL");
    expect(back.text).toContain("plum");
    expect(back.handoffs).toHaveLength(1);
    expect(back.handoffs[0], "what it was told itself is not told again").not.toContain("REMEMBER pear");
    expect((await ask("native:build", "RECALL")).text).toContain("plum");
  } finally {
    await server.stop();
    await model.close();
  }
});
