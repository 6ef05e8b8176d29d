import { isHandoffPart } from "@holdfast/protocol";
import type { InputId, SessionId, Turn } from "@holdfast/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AgentFailure, type ReadHistory } from "../../src/agents/index.ts";
import { DataDirectory, type Room } from "./room.ts";
import { agentError, endTurn, untilCancelled } from "./scripted-agent.ts";

let directory: DataDirectory;
let room: Room;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
});
afterAll(() => directory.remove());

/** One whole turn of an agent. */
const ask = async (sessionId: SessionId, agent: string, text: string): Promise<Turn> =>
  room.ended(await room.say(sessionId, text, { agent }));

const lastHandoff = (): string => room.agent.handoffs.at(-1) ?? "";

/** Closes the live agent as an eviction does, and waits until its row says so. */
async function evict(sessionId: SessionId, agent: string): Promise<void> {
  await room.agent.find(sessionId, agent)?.close();
  await room.until(
    async () => (await room.store.listAgentSessions(sessionId)).items.find((each) => each.agent === agent),
    { status: "resumable" },
  );
}

describe("[A-6] switching agents in a session", () => {
  test("[A-6] each agent keeps its own backend session and is told, once, what it missed", async () => {
    const sessionId = await room.createSession();
    expect(await ask(sessionId, "a", "one")).toMatchObject({ opened: "new", openedBy: "create" });
    expect(lastHandoff()).toBe("");
    expect(await ask(sessionId, "b", "two")).toMatchObject({ opened: "new", openedBy: "create" });
    expect(lastHandoff()).toContain("You said: one");
    await evict(sessionId, "a");
    expect(await ask(sessionId, "a", "three")).toMatchObject({ opened: "resumed", openedBy: "resume" });
    expect(lastHandoff()).toContain("You said: two");
    expect(lastHandoff()).not.toContain("one");
    expect(await ask(sessionId, "a", "four")).toMatchObject({ opened: "resumed", openedBy: "live" });
    expect(lastHandoff()).toBe("");
    const { items } = await room.store.listAgentSessions(sessionId);
    expect(items.map(({ agent, backendSessionId }) => [agent, backendSessionId])).toEqual([
      ["a", "backend-1"],
      ["b", "backend-2"],
    ]);
  });

  test("[A-1, A-6] whoever opens a session can read what was before, also in a later turn, by pages", async () => {
    const sessionId = await room.createSession();
    const one = await ask(sessionId, "a", "one");
    const two = await ask(sessionId, "b", "two");
    await ask(await room.createSession(), "a", "elsewhere");
    let pages: Awaited<ReturnType<ReadHistory>>[] = [];
    room.agent.next(async ({ handle }) => {
      const first = await handle.history({ after: 0, limit: 2 });
      pages = [first, await handle.history({ after: 0, before: first.at(-1)?.turn.id, limit: 2 })];
      return endTurn;
    });
    const three = await ask(sessionId, "a", "three");
    expect(three.openedBy).toBe("live");
    expect(pages.map((page) => page.map(({ turn }) => turn.id))).toEqual([[three.id, two.id], [one.id]]);
    const words = pages[1]?.[0]?.messages.flatMap(({ parts }) =>
      parts.flatMap((part) => ("text" in part ? [part.text] : [])),
    );
    expect(words).toEqual(["one", "You said: one"]);
  });

  test("[A-6] the handoff comes before the user's words and is stored with the message that it went out with", async () => {
    const sessionId = await room.createSession();
    await ask(sessionId, "a", "one");
    let types: string[] = [];
    let stored = 0;
    room.agent.next(async ({ input }) => {
      types = input.parts.map((part) => (isHandoffPart(part) ? "handoff" : part.type));
      const { items } = await room.store.pageMessages({ sessionId, limit: 2 });
      stored = items.flatMap(({ parts }) => parts).filter(isHandoffPart).length;
      return endTurn;
    });
    const turn = await ask(sessionId, "b", "two");
    expect(types).toEqual(["handoff", "text"]);
    expect(stored).toBe(1);
    expect((await room.store.getInput(turn.inputId as InputId))?.parts).toEqual([
      { type: "text", text: "two" },
    ]);
  });

  test("[A-4, A-6] an agent whose session is gone gets another one and is told everything", async () => {
    const sessionId = await room.createSession();
    await ask(sessionId, "a", "one");
    await ask(sessionId, "a", "two");
    await evict(sessionId, "a");
    room.agent.remembers = false;
    expect(await ask(sessionId, "a", "three")).toMatchObject({ opened: "replayed", openedBy: "create" });
    expect(lastHandoff()).toMatch(/two[\s\S]*one/);
  });

  test("[A-6] what went out in a turn without any answer is given again", async () => {
    const sessionId = await room.createSession();
    await ask(sessionId, "a", "one");
    room.agent.next(async ({ handle }) => {
      handle.exit(false);
      return new Promise(() => undefined);
    });
    expect(await ask(sessionId, "b", "two")).toMatchObject({ state: "failed", reason: "crashed" });
    await ask(sessionId, "b", "three");
    expect(lastHandoff()).toMatch(/two[\s\S]*one/);
    await ask(sessionId, "b", "four");
    expect(lastHandoff()).toBe("");
  });

  test("[A-6] a new session that took the place of another one and broke at once has still seen nothing", async () => {
    const sessionId = await room.createSession();
    await ask(sessionId, "a", "one");
    await evict(sessionId, "a");
    room.agent.remembers = false;
    room.agent.next(async ({ handle }) => {
      handle.exit(false);
      return new Promise(() => undefined);
    });
    expect(await ask(sessionId, "a", "two")).toMatchObject({ opened: "replayed", reason: "crashed" });
    room.agent.remembers = true;
    expect(await ask(sessionId, "a", "three")).toMatchObject({ opened: "resumed", openedBy: "resume" });
    expect(lastHandoff()).toMatch(/two[\s\S]*You said: one/);
  });

  test("[A-6] a turn that was stopped after a word counts as told", async () => {
    const sessionId = await room.createSession();
    await ask(sessionId, "a", "one");
    room.agent.next(untilCancelled);
    const stopped = await room.say(sessionId, "two", { agent: "b" });
    await room.until(() => room.text(stopped), "working");
    await room.turns.cancel({ turnId: stopped, actor: { id: "o", kind: "owner", label: "o" } });
    await room.ended(stopped);
    await ask(sessionId, "b", "three");
    expect(lastHandoff()).toBe("");
  });

  test("[A-5] an opening that fails leaves the stored session alone, and its turn is told to the next", async () => {
    const sessionId = await room.createSession();
    await ask(sessionId, "a", "one");
    await evict(sessionId, "a");
    room.agent.openings.push(new AgentFailure("crashed", agentError("initialize")));
    await ask(sessionId, "a", "two");
    expect((await room.store.listAgentSessions(sessionId)).items[0]?.backendSessionId).toBe("backend-1");
    expect(await ask(sessionId, "a", "three")).toMatchObject({ opened: "resumed" });
    expect(lastHandoff()).toContain("two");
    expect(lastHandoff()).not.toContain("You said");
  });

  test("[A-6] whatever the order of switches, evictions and lost sessions, no turn is missed and none told twice", async () => {
    const step = fc.record({
      agent: fc.constantFrom("a", "b", "c"),
      before: fc.constantFrom("nothing", "evict", "lose"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 7 }), async (steps) => {
        const sessionId = await room.createSession();
        /** What each agent-side session was told or asked so far. */
        const known = new Map<string, string[]>();
        for (const [index, { agent, before }] of steps.entries()) {
          if (before !== "nothing" && room.agent.find(sessionId, agent) !== undefined)
            await evict(sessionId, agent);
          room.agent.remembers = before !== "lose";
          const turn = await ask(sessionId, agent, `word${index};`);
          if (turn.openedBy === "create") known.set(agent, []);
          const words = lastHandoff().match(/You said: word\d+;/g) ?? [];
          const memory = [
            ...(known.get(agent) ?? []),
            ...words.map((each) => each.slice("You said: ".length)).toReversed(),
          ];
          memory.push(`word${index};`);
          expect(memory).toEqual(steps.slice(0, index + 1).map((_, at) => `word${at};`));
          known.set(agent, memory);
        }
      }),
      { numRuns: 25 },
    );
  });
});
