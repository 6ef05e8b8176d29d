import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { methods, type ListSessionsRequest } from "@agentclientprotocol/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rehearsalBin } from "../src/index.ts";
import { exitOf, failureOf, scratch, type Scratch } from "./agent-process.ts";
import { chunkText, SdkClient } from "./sdk-client.ts";

let place: Scratch;
const agents: SdkClient[] = [];

function start(): SdkClient {
  const agent = new SdkClient(place.home);
  agents.push(agent);
  return agent;
}

beforeEach(() => {
  place = scratch();
});

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  place.remove();
});

const { version: VERSION } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../package.json"), "utf8"),
) as { version: string };

describe("sessions", () => {
  test("[A-2] it advertises load, resume, list and close, modes and commands", async () => {
    const agent = start();
    const { agentCapabilities, agentInfo, protocolVersion } = await agent.initialize();
    expect(protocolVersion).toBe(1);
    expect(agentInfo).toMatchObject({ name: "holdfast-rehearsal", version: VERSION });
    expect(agentCapabilities).toMatchObject({
      loadSession: true,
      sessionCapabilities: { list: {}, resume: {}, close: {} },
    });
    const created = await agent.connection.agent.request(methods.agent.session.new, {
      cwd: place.cwd,
      mcpServers: [],
    });
    expect(created.modes).toMatchObject({
      currentModeId: "ask",
      availableModes: [{ id: "ask" }, { id: "auto" }],
    });
    await agent.updates.first(
      "the commands",
      ({ sessionUpdate }) => sessionUpdate === "available_commands_update",
    );
  });

  test("[A-2] memory and mode survive kill -9 after the answer; resume replays nothing", async () => {
    const first = start();
    const session = await first.newSession(place.cwd);
    await first.setMode(session, "auto");
    expect((await first.turn(session, "REMEMBER plum\nREMEMBER kiwi")).text).toBe(
      "Remembered plum.\nRemembered kiwi.\n",
    );
    await first.close();

    const second = start();
    await second.initialize();
    expect((await second.resume(session, place.cwd)).modes?.currentModeId).toBe("auto");
    const { text } = await second.turn(session, "RECALL");
    expect(text).toBe("kiwi\n");
    expect(second.updates.all.filter(({ sessionUpdate }) => sessionUpdate === "user_message_chunk")).toEqual(
      [],
    );
  });

  test("[A-2] load replays all history before it answers, also turns that failed or were cancelled", async () => {
    const first = start();
    const session = await first.newSession(place.cwd);
    await first.turn(session, "<context>\nREMEMBER kiwi\n</context>", "SLOW 3 0\nTHINK hm\nOUTPUT 10");
    await expect(first.turn(session, "SAY b\nFAIL no ink")).rejects.toThrow("no ink");
    const hanging = first.prompt(session, "SAY c\nHANG");
    await first.updates.first("the words before", (update) => chunkText(update) === "c\n");
    await first.cancel(session);
    await hanging;
    await first.close();

    const second = start();
    await second.initialize();
    await second.load(session, place.cwd);
    const replayed = second.updates.all.filter(
      ({ sessionUpdate }) => sessionUpdate !== "available_commands_update",
    );
    expect(replayed.map((update) => [update.sessionUpdate, chunkText(update)])).toEqual([
      ["user_message_chunk", "<context>\nREMEMBER kiwi\n</context>"],
      ["user_message_chunk", "SLOW 3 0\nTHINK hm\nOUTPUT 10"],
      ["agent_message_chunk", "w1 w2 w3 "],
      ["agent_thought_chunk", "hm\n"],
      ["tool_call", ""],
      ["user_message_chunk", "SAY b\nFAIL no ink"],
      ["agent_message_chunk", "b\n"],
      ["user_message_chunk", "SAY c\nHANG"],
      ["agent_message_chunk", "c\n"],
    ]);
    expect(replayed[4]).toMatchObject({ status: "completed", kind: "other" });
    expect((await second.turn(session, "RECALL")).text).toBe("kiwi\n");
  });

  test("[A-2] a word is remembered before it is confirmed, even when the turn crashes", async () => {
    const first = start();
    const session = await first.newSession(place.cwd);
    await expect(first.prompt(session, "REMEMBER kiwi\nCRASH")).rejects.toThrow("closed");
    const second = start();
    await second.initialize();
    await second.resume(session, place.cwd);
    expect((await second.turn(session, "RECALL")).text).toBe("kiwi\n");
  });

  test("[A-2] sessions do not share their memory", async () => {
    const agent = start();
    const one = await agent.newSession(place.cwd);
    const two = await agent.newSession(place.cwd);
    await agent.turn(one, "REMEMBER kiwi");
    expect((await agent.turn(two, "RECALL")).text).toBe("I remember no word in this session.\n");
  });

  test("[A-2] unknown and closed sessions are -32002, bad directories -32602", async () => {
    const agent = start();
    const session = await agent.newSession(place.cwd);
    await agent.turn(session, "REMEMBER kiwi");
    const hanging = agent.prompt(session, "HANG");
    await agent.connection.agent.request(methods.agent.session.close, { sessionId: session });
    expect(await hanging).toEqual({ stopReason: "cancelled" });
    await expect(agent.prompt(session, "SAY x")).rejects.toMatchObject({ code: -32002 });
    await expect(agent.load("reh_unknown", place.cwd)).rejects.toMatchObject({ code: -32002 });
    await expect(agent.resume("../../x", place.cwd)).rejects.toMatchObject({ code: -32002 });
    await expect(agent.newSession("relative")).rejects.toMatchObject({ code: -32602 });
    await expect(agent.newSession(join(place.cwd, "missing"))).rejects.toMatchObject({ code: -32602 });
    await agent.resume(session, place.cwd);
    expect((await agent.turn(session, "RECALL")).text).toBe("kiwi\n");
  });

  test("[A-2] the list names directory and title, filters by directory and pages", async () => {
    const agent = start();
    const elsewhere = mkdtempSync(join(dirname(place.cwd), "other-"));
    const titled = await agent.newSession(elsewhere);
    await agent.turn(titled, "\n<a>\nx\n</a>\nSAY a long story\nSAY more");
    for (let count = 0; count < 51; count += 1) await agent.newSession(place.cwd);
    const list = (params: ListSessionsRequest) =>
      agent.connection.agent.request(methods.agent.session.list, params);
    expect((await list({ cwd: elsewhere })).sessions).toEqual([
      {
        sessionId: titled,
        cwd: elsewhere,
        title: "SAY a long story",
        updatedAt: expect.stringMatching(/^\d{4}-/) as string,
      },
    ]);
    const first = await list({});
    const second = await list({ cursor: first.nextCursor ?? "" });
    expect([first.sessions.length, second.sessions.length, second.nextCursor]).toEqual([50, 2, undefined]);
    expect(new Set([...first.sessions, ...second.sessions].map(({ sessionId }) => sessionId)).size).toBe(52);
    await expect(list({ cursor: "x" })).rejects.toMatchObject({ code: -32602 });
  });
});

describe("the program", () => {
  const run = (...args: string[]) => promisify(execFile)(process.execPath, args);

  test("[A-3] --version prints the package's version, an unknown argument is exit code 2", async () => {
    expect((await run(rehearsalBin, "--version")).stdout).toBe(`${VERSION}\n`);
    await expect(run(rehearsalBin, "--nope")).rejects.toMatchObject({ code: 2 });
  });

  test("[A-10] it ends by itself with stdin and on SIGTERM, and takes its commands with it", async () => {
    for (const stop of ["eof", "SIGTERM"] as const) {
      const agent = start();
      const session = await agent.newSession(place.cwd);
      await agent.setMode(session, "auto");
      const lock = join(place.cwd, stop);
      const failed = failureOf(agent.prompt(session, `BASH echo $$ > ${lock}; echo up; sleep 600`));
      await agent.updates.first("the command's output", (update) =>
        JSON.stringify(update).includes('"up\\n"'),
      );
      if (stop === "eof") agent.child.stdin.end();
      else agent.child.kill(stop);
      expect(await exitOf(agent.child)).toEqual({ code: 0, signal: null });
      expect(await failed).toContain("closed");
      const group = Number(readFileSync(lock, "utf8"));
      await expect.poll(() => groupState(group)).toBe("gone");
    }
  });
});

/** `gone` when no process of the group is left but zombies. */
function groupState(group: number): "gone" | "running" {
  try {
    process.kill(-group, 0);
    return readFileSync(`/proc/${group}/stat`, "utf8").includes(") Z ") ? "gone" : "running";
  } catch {
    return "gone";
  }
}
