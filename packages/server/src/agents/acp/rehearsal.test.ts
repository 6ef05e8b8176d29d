import { afterEach, describe, expect, test } from "vitest";
import { AgentRoom } from "../../../test/agents/opened-agent.ts";
import { RecordedTurn } from "../../../test/agents/recorded-turn.ts";
import { isAlive, until } from "../../../test/agents/waiting.ts";

let room: AgentRoom | undefined;

afterEach(async () => {
  await room?.end();
  room = undefined;
});

describe("the rehearsal agent over ACP", () => {
  test("[A-25] a prompt is one turn of text, reasoning, plan, tools and usage", async () => {
    room = new AgentRoom();
    const handle = await room.open("rehearsal");
    const turn = new RecordedTurn();
    const result = await handle.prompt(
      room.say("THINK hm\nPLAN one | two\nWRITE a.txt hello\nBASH echo out\nSAY done"),
      turn,
    );
    expect(result).toMatchObject({
      outcome: "ended",
      stopReason: "end_turn",
      usage: { context: { size: 200_000 } },
    });
    expect(turn.text).toBe("done\n");
    expect(turn.events).toContainEqual({ type: "reasoning", text: "hm\n" });
    expect(turn.events.find((event) => event.type === "plan")).toMatchObject({
      todos: [
        { content: "one", status: "in_progress" },
        { content: "two", status: "pending" },
      ],
    });
    const tools = turn.events.flatMap((event) => (event.type === "tool" ? [event.update] : []));
    expect(tools.filter((tool) => tool.status === "completed")).toHaveLength(2);
    expect(tools.some((tool) => tool.diffs?.[0]?.newText.includes("hello"))).toBe(true);
    expect(tools.some((tool) => tool.output === "out\n")).toBe(true);
    expect(turn.asks.map((ask) => [ask.tool, ask.kind, ask.patterns])).toEqual([
      ["write", "edit", expect.arrayContaining([expect.stringContaining("a.txt")])],
      ["bash", "execute", ["echo out"]],
    ]);
    expect(handle.features).toMatchObject({ load: "yes", resume: "yes", close: "yes", modes: "yes" });
  });

  test("[R-3.2] what a provider answered is kept with its status, body and headers, without what could be a secret", async () => {
    const opened = (room = new AgentRoom());
    const handle = await opened.open("rehearsal");
    const said = async (directive: string) => {
      const result = await handle.prompt(opened.say(directive), new RecordedTurn());
      return result.outcome === "failed" ? result.error : result;
    };
    const headers = { "Retry-After": "30", "Set-Cookie": "session=abc", "X-Request-Id": "req_1" };
    const body = { error: { message: "slow down", code: "rate_limit_exceeded" } };
    expect(await said(`FAIL 429 ${JSON.stringify({ text: "slow down", headers, body })}`)).toEqual({
      name: "APIError",
      data: {
        message: "slow down",
        statusCode: 429,
        isRetryable: true,
        responseHeaders: { "retry-after": "30", "set-cookie": "[redacted]", "x-request-id": "req_1" },
        responseBody: JSON.stringify(body),
      },
    });
    expect(await said("FAIL 400 prompt is too long: 9 tokens > 8 maximum")).toMatchObject({
      name: "ContextOverflowError",
    });
    expect(await said("FAIL 413 no")).toMatchObject({ name: "ContextOverflowError" });
    expect(await said("FAIL 429 the rate: prompt is too long")).toMatchObject({ name: "APIError" });
    expect(await said("FAIL 401 who are you")).toMatchObject({ name: "ProviderAuthError" });
    const page = JSON.stringify({ body: "<html>Sign in</html>" });
    expect(await said(`FAIL 401 ${page}`)).toMatchObject({
      name: "APIError",
      data: { statusCode: 401, isRetryable: false, message: expect.stringContaining("gateway") as unknown },
    });
    expect(await said("FAIL 503 overloaded")).toMatchObject({
      name: "APIError",
      data: { statusCode: 503, isRetryable: true },
    });
  });

  test("[R-13.1] a try that failed and is repeated is told, and that the step goes on", async () => {
    room = new AgentRoom();
    const handle = await room.open("rehearsal");
    const turn = new RecordedTurn();
    const before = Date.now();
    await handle.prompt(room.say("SAY half\nRETRY 1 slow down\nSAY whole"), turn);
    const retries = turn.events.filter((event) => event.type === "retry");
    expect(retries).toEqual([
      {
        type: "retry",
        failed: {
          attempt: 1,
          next: expect.any(Number) as unknown,
          error: { name: "APIError", data: { message: "slow down", isRetryable: true } },
        },
      },
      { type: "retry" },
    ]);
    expect(retries[0]?.failed?.next).toBeGreaterThan(before);
  });

  test("[R-14.3] a summary of the agent's own is a step between others, told when it begins and when it is whole", async () => {
    room = new AgentRoom();
    const handle = await room.open("rehearsal");
    const turn = new RecordedTurn();
    await handle.prompt(room.say("SAY before\nCOMPACT birds\nSAY after\nCOMPACT more birds"), turn);
    const told = turn.events.flatMap((event) => {
      if (event.type === "text") return event.text.trim();
      if (event.type === "step") return event.summary === true ? `${event.stepId}, a summary` : event.stepId;
      return event.type === "compaction" ? `${event.stepId} ${event.isDone ? "done" : "begins"}` : [];
    });
    expect(told).toEqual([
      "before",
      "before 1",
      "summary 1, a summary",
      "summary 1 begins",
      "birds",
      "summary 1 done",
      "after 1",
      "after",
      "summary 2, a summary",
      "summary 2 begins",
      "more birds",
      "summary 2 done",
      "after 2",
    ]);
  });

  test("[A-5] a known session is resumed by a new process, its memory with it", async () => {
    room = new AgentRoom();
    const first = await room.open("rehearsal");
    await first.prompt(room.say("REMEMBER walrus"), new RecordedTurn());
    await first.close();
    const second = await room.open("rehearsal", { backendSessionId: first.backendSessionId });
    expect(second.openedBy).toBe("resume");
    const turn = new RecordedTurn();
    await second.prompt(room.say("RECALL"), turn);
    expect(turn.text).toBe("walrus\n");
  });

  test("[A-17] a child that dies mid-turn leaves before its prompt crashes", async () => {
    room = new AgentRoom();
    const handle = await room.open("rehearsal");
    const order: string[] = [];
    handle.onExit(({ expected }) => order.push(`exit ${expected}`));
    const turn = new RecordedTurn();
    const result = await handle.prompt(room.say("SAY before\nCRASH"), turn);
    order.push(result.outcome);
    expect(order).toEqual(["exit false", "crashed"]);
    expect(turn.text).toBe("before\n");
    expect(result).toMatchObject({ error: { name: "AgentError", data: { phase: "prompt", exitCode: 70 } } });
    expect(handle.alive).toBe(false);
  });

  test("[A-15] a cancelled prompt ends by the agent's answer", async () => {
    room = new AgentRoom();
    const handle = await room.open("rehearsal");
    const turn = new RecordedTurn();
    const prompt = handle.prompt(room.say("SLOW 10000 5"), turn);
    await until("words come", () => turn.events.some((event) => event.type === "text"));
    await handle.cancel();
    expect(await prompt).toMatchObject({ outcome: "ended", stopReason: "cancelled" });
    expect(await handle.prompt(room.say("SAY again"), new RecordedTurn())).toMatchObject({
      outcome: "ended",
    });
  });

  test("[A-15] a cancel answers an open permission request with cancelled", async () => {
    room = new AgentRoom();
    const handle = await room.open("rehearsal");
    const turn = new RecordedTurn();
    turn.answer = () => new Promise(() => undefined);
    const prompt = handle.prompt(room.say("ASK may I"), turn);
    await until("it asks", () => turn.asks.length === 1);
    await handle.cancel();
    expect(await prompt).toMatchObject({ outcome: "ended", stopReason: "cancelled" });
  });

  test("[A-15] an agent that is deaf to the cancel is ended, and what it spawned with it", async () => {
    room = new AgentRoom();
    const handle = await room.open("rehearsal");
    const turn = new RecordedTurn();
    const prompt = handle.prompt(room.say("SPAWN\nDEAF"), turn);
    await until("it spawned", () => /process \d+/.test(turn.text));
    const grandchild = Number(/process (\d+)/.exec(turn.text)?.[1]);
    expect(await isAlive(grandchild)).toBe(true);
    await handle.cancel();
    expect(await prompt).toEqual({ outcome: "killed" });
    await handle.close();
    expect(await isAlive(grandchild)).toBe(false);
    expect(room.rows.closed).toHaveLength(1);
  });

  test("[A-20] a session is opened in its approval mode, and can be put into another", async () => {
    room = new AgentRoom();
    const handle = await room.open("rehearsal", { approvalMode: "all" });
    const turn = new RecordedTurn();
    await handle.prompt(room.say("WRITE a.txt hello"), turn);
    expect(turn.asks).toEqual([]);
    await handle.configure({ approvalMode: "readOnly" });
    await handle.prompt(room.say("WRITE a.txt again"), turn);
    expect(turn.asks).toHaveLength(1);
  });
});
