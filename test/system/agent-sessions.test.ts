/** Agents of one server over time: the cap of the pool, agents that lose their memory, and what a killed server leaves. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { newId } from "@holdfast/kernel";
import type { Message, SessionEvent, Turn } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { openSqliteStore } from "../../packages/server/src/store/sqlite/index.ts";
import {
  type HoldfastProcess,
  processesWith,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";

const TURN_MS = 240_000;
/** How often the pool is counted; places stay taken for seconds. */
const LOOK_EVERY_MS = 100;

const prompt = (...lines: string[]) => ({ parts: [{ type: "text" as const, text: lines.join("\n") }] });

const textOf = (messages: readonly Message[]): string =>
  messages
    .filter(({ info }) => info.role === "assistant")
    .flatMap(({ parts }) => parts)
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
    .join("");

async function ask(
  server: HoldfastProcess,
  sessionId: string,
  ...lines: string[]
): Promise<{ turn: Turn; text: string }> {
  const answer = await server.client.admitInputAndWait(sessionId, prompt(...lines), { timeoutMs: TURN_MS });
  if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
  return { turn: answer.turn, text: textOf(answer.messages) };
}

/** A session in a directory of its own, so that none waits for another one's files. */
async function sessionIn(server: HoldfastProcess, name: string, agent = "rehearsal"): Promise<string> {
  const directory = await server.place(name);
  return (await server.client.createSession({ directory, agent, approvalMode: "all" })).id;
}

/** Everything that an agent of the server is or started, by its launch id, as it was at one instant; not a program that is asked for its version. */
const agentProcesses = (root: string): number[] => {
  const asked = new Set(processesWith("HOLDFAST_LAUNCH_ID=version"));
  const launched = new Set(processesWith("HOLDFAST_LAUNCH_ID="));
  return processesWith(root).filter((pid) => launched.has(pid) && !asked.has(pid));
};

test.runIf(isWhole)(
  "[A-8] twelve sessions share ten places: never more live, no turn is lost, and everybody remembers",
  async () => {
    await using directory = await temporaryDirectory("pool");
    const root = directory.path;
    await using server = await startHoldfast({ root });
    const sessions = await Promise.all(
      Array.from({ length: 12 }, (_, index) => sessionIn(server, `p${index}`)),
    );
    let most = 0;
    const over = new AbortController();
    const watching = (async () => {
      while (!over.signal.aborted) {
        most = Math.max(most, agentProcesses(root).length);
        const { items, limit } = await server.client.listLiveAgents();
        expect(limit).toBe(10);
        expect(items.filter(({ state }) => state !== "closing").length).toBeLessThanOrEqual(10);
        await delay(LOOK_EVERY_MS);
      }
    })();
    const waited = new Set<string>();
    const leaving = new AbortController();
    const listening = (async () => {
      for await (const item of server.client.streamFeed({ signal: leaving.signal })) {
        const event = "event" in item ? (item.event as unknown as SessionEvent) : undefined;
        if (event?.type === "turn.updated" && event.data.turn.waitingFor?.kind === "pool")
          waited.add(event.data.turn.id);
      }
    })().catch((error: unknown) => {
      if (!leaving.signal.aborted) throw error;
    });
    const first = await Promise.all(
      sessions.map((id, index) => ask(server, id, `REMEMBER word${index}`, "SLOW 40 150")),
    );
    expect(first.map(({ turn }) => turn.state)).toEqual(sessions.map(() => "completed"));
    const second = await Promise.all(sessions.map((id) => ask(server, id, "RECALL")));
    over.abort();
    await watching;
    leaving.abort();
    await listening;
    expect(second.map(({ text }) => text.trim())).toEqual(sessions.map((_, index) => `word${index}`));
    expect(second.map(({ turn }) => turn.opened)).toEqual(sessions.map(() => "resumed"));
    expect(second.filter(({ turn }) => turn.openedBy === "resume").length).toBeGreaterThanOrEqual(2);
    expect(waited.size).toBeGreaterThanOrEqual(2);
    expect(most).toBe(10);
  },
);

test("[A-14] turns that may write wait for each other in one directory; a read-only session does not, and neither does anybody once it is shared", async () => {
  await using directory = await temporaryDirectory("leases");
  await using server = await startHoldfast({ root: directory.path });
  const { client, project } = server;
  const sessionOf = (approvalMode: "all" | "readOnly") =>
    client.createSession({ directory: project, agent: "rehearsal", approvalMode });
  const [first, second, reader] = [
    await sessionOf("all"),
    await sessionOf("all"),
    await sessionOf("readOnly"),
  ];
  const long = await client.admitInput(first.id, prompt("SAY ready", "HANG"));
  await until("the first to work", async () => (await client.getTurn(long.turn.id)).state === "running");
  const waiting = await client.admitInput(second.id, prompt("SAY late"));
  await until("the second to wait", async () => {
    const { waitingFor } = await client.getTurn(waiting.turn.id);
    return waitingFor?.kind === "workspace" && waitingFor.holder === first.id;
  });
  expect((await ask(server, reader.id, "WRITE no.txt no", "SAY read")).turn.state).toBe("completed");
  expect(existsSync(join(project, "no.txt"))).toBe(false);
  expect((await client.getTurn(waiting.turn.id)).state).toBe("queued");
  await client.patchWorkspace(first.workspaceId, { concurrency: "shared" });
  await until("the second to end", async () => (await client.getTurn(waiting.turn.id)).state === "completed");
  expect((await client.getTurn(long.turn.id)).state).toBe("running");
  await client.cancelTurn(long.turn.id);
});

test.runIf(isWhole)(
  "[A-4, A-6] an agent whose own store is gone is told what was before, and the turn says so",
  async () => {
    await using directory = await temporaryDirectory("forgets");
    const root = directory.path;
    let server = await startHoldfast({ root });
    const id = await sessionIn(server, "p");
    await ask(server, id, "REMEMBER fig");
    const before = (await server.client.listAgentSessions(id)).items[0]?.backendSessionId;
    expect(await server.stop()).toBe(0);
    await rm(join(root, "rehearsal"), { recursive: true });
    server = await startHoldfast({ root });
    await using again = server;
    const { turn, text } = await ask(again, id, "RECALL");
    expect(turn).toMatchObject({ state: "completed", opened: "replayed", openedBy: "create" });
    expect(text.trim()).toBe("fig");
    const after = (await again.client.listAgentSessions(id)).items[0]?.backendSessionId;
    expect([typeof after, after === before]).toEqual(["string", false]);
    expect((await ask(again, id, "RECALL")).turn).toMatchObject({ opened: "resumed", openedBy: "live" });
  },
);

test("[A-11, D-18] a server killed with eight live agents leaves none of them after its restart, and spares a recycled pid", async () => {
  await using directory = await temporaryDirectory("killed");
  const root = directory.path;
  const faulty = join(import.meta.dirname, "../../packages/rehearsal/test/fixture/faulty.js");
  const command = [process.execPath, faulty, "--fault", "ignore-term,ignore-eof"];
  const config = { agents: { deaf: { backend: "acp" as const, command } } };
  const server = await startHoldfast({ root, config });
  const scripts: [agent: string, ...lines: string[]][] = [
    ["deaf"],
    ["rehearsal", "SPAWN"],
    // A job of its own group, in the session of the agent.
    ["rehearsal", "BASH set -m; sleep 600 </dev/null >/dev/null 2>&1 &"],
    ...Array.from({ length: 5 }, (): [string] => ["rehearsal"]),
  ];
  const turns: string[] = [];
  for (const [index, [agent, ...lines]] of scripts.entries()) {
    const id = await sessionIn(server, `p${index}`, agent);
    const { turn } = await server.client.admitInput(id, prompt(...lines, "SAY ready", "HANG"));
    turns.push(turn.id);
    await until(
      `agent ${index} works`,
      async () => {
        const { items } = await server.client.listMessages(id, { limit: 2 });
        return textOf(items).includes("ready");
      },
      TURN_MS,
    );
  }
  const living = agentProcesses(root);
  // Eight agents and two of what they started.
  expect(living.length).toBeGreaterThanOrEqual(10);
  expect((await server.client.listLiveAgents()).items).toHaveLength(8);
  await server.kill();

  const stranger = spawn("sleep", ["600"], { stdio: "ignore" });
  try {
    await once(stranger, "spawn");
    const store = await openSqliteStore({ directory: join(root, "data") });
    const launchId = "f".repeat(32);
    const row = {
      launchId,
      instanceId: newId("ins"),
      sessionId: newId("ses"),
      agent: "rehearsal",
      argvHash: "h",
    };
    await store.recordLaunch(row);
    // The kernel gave the pid of one that is long dead to somebody else.
    await store.recordSpawn({ launchId, pid: stranger.pid ?? 0, group: stranger.pid ?? 0, startTime: "1" });
    await store.close();

    await using again = await startHoldfast({ root, config });
    expect(agentProcesses(root)).toEqual([]);
    expect(processesWith("HOLDFAST_LAUNCH_ID=").filter((pid) => living.includes(pid))).toEqual([]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    for (const id of turns)
      expect(await again.client.getTurn(id)).toMatchObject({ state: "aborted", reason: "interrupted" });
    expect((await again.client.listLiveAgents()).items).toEqual([]);
  } finally {
    stranger.kill("SIGKILL");
  }
});
