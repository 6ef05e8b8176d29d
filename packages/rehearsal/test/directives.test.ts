import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SessionUpdate, ToolCall, ToolCallUpdate } from "@agentclientprotocol/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DIRECTIVE_HINT } from "../src/index.ts";
import { exitOf, failureOf, isAlive, scratch, type Scratch } from "./agent-process.ts";
import { chunkText, SdkClient, select } from "./sdk-client.ts";

let place: Scratch;
let agent: SdkClient;
let session: string;

beforeEach(async () => {
  place = scratch();
  agent = new SdkClient(place.home);
  session = await agent.newSession(place.cwd);
  await agent.updates.first(
    "the commands",
    ({ sessionUpdate }) => sessionUpdate === "available_commands_update",
  );
});

afterEach(async () => {
  await agent.close();
  place.remove();
});

type ToolUpdate = (ToolCall | ToolCallUpdate) & { sessionUpdate: "tool_call" | "tool_call_update" };

function toolUpdates(updates: readonly SessionUpdate[]): ToolUpdate[] {
  return updates.filter(
    (update): update is ToolUpdate & SessionUpdate =>
      update.sessionUpdate === "tool_call" || update.sessionUpdate === "tool_call_update",
  );
}

function statuses(updates: readonly SessionUpdate[]) {
  return toolUpdates(updates).map(({ status }) => status);
}

function toolText(update: ToolUpdate | undefined): string {
  return (update?.content ?? [])
    .map((content) =>
      content.type === "content" && content.content.type === "text" ? content.content.text : "",
    )
    .join("");
}

describe("what the agent says", () => {
  test("[A-2] SAY, THINK and PLAN are sent in order, then title and usage are known", async () => {
    const { updates, stopReason } = await agent.turn(session, "SAY one\nTHINK two\nPLAN a | b\nSAY three");
    expect(stopReason).toBe("end_turn");
    expect(updates.map((update) => [update.sessionUpdate, chunkText(update)])).toEqual([
      ["session_info_update", ""],
      ["agent_message_chunk", "one\n"],
      ["agent_thought_chunk", "two\n"],
      ["plan", ""],
      ["agent_message_chunk", "three\n"],
      ["usage_update", ""],
    ]);
    expect(updates[0]).toMatchObject({ title: "SAY one" });
    expect(updates[3]).toMatchObject({
      entries: [
        { content: "a", status: "in_progress" },
        { content: "b", status: "pending" },
      ],
    });
    expect(updates[5]).toMatchObject({ used: expect.any(Number) as number, size: 200_000 });
    const second = await agent.turn(session, "SAY again");
    expect(second.updates.map(({ sessionUpdate }) => sessionUpdate)).toEqual([
      "agent_message_chunk",
      "usage_update",
    ]);
  });

  test("[A-2] SLOW sends each numbered word as a chunk of its own", async () => {
    const { updates, text } = await agent.turn(session, "SLOW 500 0");
    expect(text).toBe(Array.from({ length: 500 }, (_, index) => `w${index + 1} `).join(""));
    expect(updates.filter(({ sessionUpdate }) => sessionUpdate === "agent_message_chunk")).toHaveLength(500);
    const start = performance.now();
    expect((await agent.turn(session, "SLOW 4 30")).text).toBe("w1 w2 w3 w4 ");
    expect(performance.now() - start).toBeGreaterThanOrEqual(85);
  });

  test("[A-2] anything else is echoed with one hint per prompt, and a bad directive is explained", async () => {
    const { text } = await agent.turn(session, "hello\nyou\nSAY x\nbye\nSLOW many");
    expect(text).toBe(
      `hello\nyou\n${DIRECTIVE_HINT}\nx\nbye\nI cannot obey "SLOW many": SLOW needs <words> <ms>.\n`,
    );
    expect((await agent.turn(session, "")).text).toBe(`${DIRECTIVE_HINT}\n`);
  });

  test("[A-2] FAIL is a JSON-RPC error with the status, and the next prompt runs", async () => {
    await expect(agent.turn(session, "SAY a\nFAIL 429 slow down")).rejects.toMatchObject({
      code: -32603,
      message: "slow down",
      data: { status: 429 },
    });
    expect((await agent.turn(session, "SAY b")).text).toBe("b\n");
  });

  test("[A-2] CRASH ends the process at once, with what was said before it delivered", async () => {
    const from = agent.updates.all.length;
    await expect(agent.prompt(session, "SAY last words\nCRASH\nSAY never")).rejects.toThrow("closed");
    expect(await exitOf(agent.child)).toEqual({ code: 70, signal: null });
    expect(agent.updates.all.slice(from).map(chunkText).join("")).toBe("last words\n");
  });
});

describe("tools", () => {
  test("[A-2] READ shows a file with kind and location, and fails without one", async () => {
    writeFileSync(join(place.cwd, "a.txt"), "content");
    const { updates } = await agent.turn(session, "READ a.txt\nREAD b.txt\nREAD .");
    const tools = toolUpdates(updates);
    expect(tools[0]).toMatchObject({
      name: "read",
      kind: "read",
      status: "pending",
      locations: [{ path: join(place.cwd, "a.txt") }],
    });
    expect(toolText(tools[2])).toBe("content");
    const read = ["pending", "in_progress"];
    expect(statuses(updates)).toEqual([...read, "completed", ...read, "failed", ...read, "failed"]);
  });

  test("[A-2] WRITE asks, then writes exactly the text and sends the diff", async () => {
    writeFileSync(join(place.cwd, "a.txt"), "old");
    const { updates, text } = await agent.turn(
      session,
      "SAY before\nWRITE a.txt new text\nWRITE deep/b.txt b\nSAY after",
    );
    const [opened, , done] = toolUpdates(updates);
    const diff = { type: "diff", path: join(place.cwd, "a.txt"), oldText: "old", newText: "new text" };
    expect(opened).toMatchObject({
      name: "write",
      kind: "edit",
      status: "pending",
      content: [diff],
      locations: [{ path: diff.path }],
    });
    expect(done).toMatchObject({ status: "completed", content: [diff] });
    expect(agent.permissions.all).toHaveLength(2);
    expect(agent.permissions.all[0]).toMatchObject({
      sessionId: session,
      toolCall: { toolCallId: opened?.toolCallId, name: "write", kind: "edit", content: [diff] },
      options: [{ kind: "allow_once" }, { kind: "allow_always" }, { kind: "reject_once" }],
    });
    expect(readFileSync(join(place.cwd, "a.txt"), "utf8")).toBe("new text");
    expect(readFileSync(join(place.cwd, "deep/b.txt"), "utf8")).toBe("b");
    expect(text).toBe("before\nafter\n");
    expect(updates.map(chunkText).filter(Boolean)).toEqual(["before\n", "after\n"]);
  });

  test("[A-2] WRITE refuses what lies outside cwd, also through links, without asking", async () => {
    symlinkSync(dirname(place.cwd), join(place.cwd, "up"));
    symlinkSync(join(dirname(place.cwd), "target"), join(place.cwd, "dangling"));
    const { updates } = await agent.turn(
      session,
      "WRITE ../x.txt x\nWRITE up/x.txt x\nWRITE dangling x\nWRITE /x-outside.txt x",
    );
    expect(statuses(updates)).toEqual(Array.from({ length: 4 }, () => ["pending", "failed"]).flat());
    expect(agent.permissions.all).toEqual([]);
    expect(
      existsSync(join(dirname(place.cwd), "x.txt")) || existsSync(join(dirname(place.cwd), "target")),
    ).toBe(false);
    expect(existsSync("/x-outside.txt")).toBe(false);
  });

  test("[A-2] WRITE does not follow a link that was made while it asked", async () => {
    const outside = dirname(place.cwd);
    agent.answer = ({ toolCall }) => {
      if (toolCall.title === "Write a.txt") symlinkSync(join(outside, "x.txt"), join(place.cwd, "a.txt"));
      else symlinkSync(outside, join(place.cwd, "sub"));
      return select("allow_once");
    };
    const { updates } = await agent.turn(session, "WRITE a.txt x\nWRITE sub/x.txt x");
    expect(statuses(updates).filter((status) => status === "failed")).toHaveLength(2);
    expect(existsSync(join(outside, "x.txt"))).toBe(false);
  });

  test("[A-2] a rejected WRITE or BASH fails its tool and the turn goes on", async () => {
    agent.answer = () => select("reject_once");
    const { updates, text, stopReason } = await agent.turn(
      session,
      "WRITE a.txt x\nBASH touch b.txt\nSAY on",
    );
    expect(statuses(updates)).toEqual(["pending", "failed", "pending", "failed"]);
    expect([stopReason, text]).toEqual(["end_turn", "on\n"]);
    expect(existsSync(join(place.cwd, "a.txt")) || existsSync(join(place.cwd, "b.txt"))).toBe(false);
  });

  test("[A-2] an error or an unknown option is a rejection", async () => {
    agent.answer = () => Promise.reject(new Error("no user interface"));
    expect(statuses((await agent.turn(session, "BASH true")).updates)).toEqual(["pending", "failed"]);
    agent.answer = () => select("sure");
    expect(statuses((await agent.turn(session, "BASH true")).updates)).toEqual(["pending", "failed"]);
  });

  test("[A-2] mode auto asks nothing, and allow_always holds for its kind", async () => {
    agent.answer = () => select("allow_always");
    await agent.turn(session, "BASH true\nBASH true\nWRITE a.txt x\nWRITE b.txt x");
    expect(agent.permissions.all.map(({ toolCall }) => toolCall.kind)).toEqual(["execute", "edit"]);
    const other = await agent.newSession(place.cwd);
    await agent.setMode(other, "auto");
    expect(agent.updates.all.at(-1)).toEqual({ sessionUpdate: "current_mode_update", currentModeId: "auto" });
    await agent.turn(other, "BASH true\nWRITE a.txt x");
    expect(agent.permissions.all).toHaveLength(2);
    await expect(agent.setMode(other, "yolo")).rejects.toMatchObject({ code: -32602 });
  });

  test("[A-2] BASH streams its output as it grows and reports the exit code", async () => {
    const gate = join(place.cwd, "go");
    const from = agent.updates.all.length;
    const done = agent.turn(
      session,
      `BASH echo ünö; until [ -e ${gate} ]; do sleep 0.02; done; echo err >&2; exit 3`,
    );
    const growing = await agent.updates.first(
      "streamed output",
      (update) => toolText(update as ToolUpdate) === "ünö\n",
      from,
    );
    expect(growing).toMatchObject({ sessionUpdate: "tool_call_update", status: "in_progress" });
    writeFileSync(gate, "");
    const last = toolUpdates((await done).updates).at(-1);
    expect(last).toMatchObject({
      status: "failed",
      rawOutput: { exitCode: 3, signal: null, output: "ünö\nerr\n" },
    });
    expect(toolText(last)).toBe("ünö\nerr\n");
    expect(toolUpdates((await done).updates)[0]).toMatchObject({ name: "bash", kind: "execute" });
  });

  test("[A-2] UPDATES is one tool call that reports so many times, each update in the place of the last", async () => {
    const { updates } = await agent.turn(session, "UPDATES 3 10\nUPDATES 1 3");
    expect(statuses(updates)).toEqual([
      "pending",
      "in_progress",
      "in_progress",
      "completed",
      "pending",
      "completed",
    ]);
    expect(toolUpdates(updates).map(toolText)).toEqual([
      "",
      "u1 0123456",
      "u2 0123456",
      "u3 0123456",
      "",
      "u1 ",
    ]);
  });

  test("[A-16] a cancel is heard in the middle of UPDATES", async () => {
    const turn = agent.turn(session, "UPDATES 1000000 10");
    await agent.updates.first("an update", (update) => update.sessionUpdate === "tool_call_update");
    await agent.cancel(session);
    expect((await turn).stopReason).toBe("cancelled");
  });

  test("[A-2] OUTPUT is one tool call of exactly that size", async () => {
    const { updates } = await agent.turn(session, "OUTPUT 2048\nOUTPUT 0");
    expect(statuses(updates)).toEqual([
      "pending",
      "in_progress",
      "completed",
      "pending",
      "in_progress",
      "completed",
    ]);
    expect(toolUpdates(updates)[0]).toMatchObject({ name: "output", kind: "other" });
    expect(Buffer.byteLength(toolText(toolUpdates(updates)[2]))).toBe(2048);
    expect(toolText(toolUpdates(updates)[5])).toBe("");
  });

  test("[A-2] ASK: allowed goes on, rejected says so and ends normally, in every mode", async () => {
    await agent.setMode(session, "auto");
    expect(await agent.turn(session, "ASK cake?\nSAY on")).toMatchObject({ text: "Allowed: cake?\non\n" });
    expect(agent.permissions.all[0]?.toolCall).toMatchObject({ name: "ask", kind: "other", title: "cake?" });
    agent.answer = () => select("reject_once");
    const rejected = await agent.turn(session, "ASK pie?\nSAY on");
    expect(rejected).toMatchObject({ text: "Not allowed: pie?\n", stopReason: "end_turn" });
    expect(statuses(rejected.updates)).toEqual(["pending", "failed"]);
  });

  test("[A-11] SPAWN leaves a process in its own process session that outlives the agent", async () => {
    const { text } = await agent.turn(session, "SPAWN");
    const pid = Number(/\d+/.exec(text)?.[0]);
    try {
      agent.child.stdin.end();
      await exitOf(agent.child);
      const [state, , , processSession] = statFields(pid);
      expect(state).not.toBe("Z");
      expect(Number(processSession)).toBe(pid);
      expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toContain(`REHEARSAL_HOME=${place.home}`);
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });
});

/** The fields of a process's stat after its name: state, parent, group, process session. */
function statFields(pid: number): string[] {
  const line = readFileSync(`/proc/${pid}/stat`, "utf8");
  return line.slice(line.lastIndexOf(")") + 2).split(" ");
}

describe("cancel", () => {
  test("[A-15] a cancel ends SLOW in the middle, fast and slow, and the next prompt runs", async () => {
    for (const slow of ["SLOW 100000 10", "SLOW 1000000 0"]) {
      const from = agent.updates.all.length;
      const answer = agent.prompt(session, slow);
      await agent.updates.first("a word", (update) => chunkText(update) === "w20 ", from);
      await agent.cancel(session);
      expect(await answer).toEqual({ stopReason: "cancelled" });
    }
    expect(await agent.turn(session, "SAY on")).toMatchObject({ stopReason: "end_turn", text: "on\n" });
  });

  test("[A-15] a cancel right behind its prompt is heard, and one without a prompt is harmless", async () => {
    for (let round = 0; round < 20; round += 1) {
      const answer = agent.prompt(session, "HANG");
      await agent.cancel(session);
      expect(await answer).toEqual({ stopReason: "cancelled" });
      await agent.cancel(session);
    }
    expect((await agent.turn(session, "SAY on")).stopReason).toBe("end_turn");
  });

  test("[A-15] HANG is silent until it is cancelled", async () => {
    const from = agent.updates.all.length;
    const answer = agent.prompt(session, "SAY a\nHANG\nSAY b");
    await agent.updates.first("the words before", (update) => chunkText(update) === "a\n", from);
    await agent.cancel(session);
    expect(await answer).toEqual({ stopReason: "cancelled" });
    expect(agent.updates.all.slice(from).map(chunkText).join("")).toBe("a\n");
  });

  test("[A-15] DEAF ignores a cancel, other sessions and the end of input are served", async () => {
    let isAnswered = false;
    const from = agent.updates.all.length;
    const answer = agent.prompt(session, "SAY a\nDEAF").finally(() => {
      isAnswered = true;
    });
    const failed = failureOf(answer);
    await agent.updates.first("the words before", (update) => chunkText(update) === "a\n", from);
    await agent.cancel(session);
    const other = await agent.newSession(place.cwd);
    expect((await agent.turn(other, "SAY b")).text).toBe("b\n");
    expect(isAnswered).toBe(false);
    await expect(agent.prompt(session, "SAY c")).rejects.toMatchObject({ code: -32600 });
    agent.child.stdin.end();
    expect(await exitOf(agent.child)).toEqual({ code: 0, signal: null });
    expect(await failed).toContain("closed");
  });

  test("[A-15] a cancel kills the command with its group and fails its tool before the answer", async () => {
    await agent.setMode(session, "auto");
    const from = agent.updates.all.length;
    const command = `BASH trap '' TERM; (trap '' TERM; sleep 600) & echo $! $$; while :; do sleep 600; done`;
    const answer = agent.turn(session, command);
    const started = await agent.updates.first(
      "the process ids",
      (update) => /^\d+ \d+\n$/.test(toolText(update as ToolUpdate)),
      from,
    );
    await agent.cancel(session);
    const { stopReason, updates } = await answer;
    expect(stopReason).toBe("cancelled");
    expect(statuses(updates).at(-1)).toBe("failed");
    for (const pid of toolText(started as ToolUpdate)
      .trim()
      .split(" ")
      .map(Number)) {
      expect(isAlive(pid, () => statFields(pid)[0] ?? "Z")).toBe(false);
    }
  });

  test("[A-15] a cancel while a permission is open does not wait for the user", async () => {
    const open = Promise.withResolvers<never>();
    agent.answer = () => open.promise;
    const answer = agent.turn(session, "WRITE a.txt x\nSAY never");
    await agent.permissions.first("the permission request", () => true);
    await agent.cancel(session);
    const { stopReason, updates, text } = await answer;
    expect([stopReason, text, statuses(updates)]).toEqual(["cancelled", "", ["pending", "failed"]]);
    expect(existsSync(join(place.cwd, "a.txt"))).toBe(false);
  });

  test("[A-15] a permission answered `cancelled` cancels the turn", async () => {
    agent.answer = () => ({ outcome: { outcome: "cancelled" } });
    expect(await agent.turn(session, "ASK cake?\nSAY never")).toMatchObject({
      stopReason: "cancelled",
      text: "",
    });
  });
});
