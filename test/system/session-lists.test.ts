/** Lists of sessions of the real server, by the API and the command line: what moves them (D-29), and that both tell the same of how many there are. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PermissionList, Session, SessionId, SessionList } from "@holdfast/protocol";
import { expect, test } from "vitest";
import {
  HOLDFAST,
  killIfThere,
  type HoldfastProcess,
  processesWith,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";

/** The command line against a server, as somebody in its project. */
const holdfast = (server: HoldfastProcess, ...args: string[]) => {
  const { root, project: cwd } = server;
  const env = { PATH: process.env["PATH"], HOME: join(root, "home"), HOLDFAST_DATA_DIR: join(root, "data") };
  return promisify(execFile)(process.execPath, [HOLDFAST, ...args], { env, cwd });
};

const sessionIn = async (server: HoldfastProcess, name: string, more: object = {}): Promise<SessionId> => {
  const directory = await server.place(name);
  return (
    await server.client.createSession({
      directory,
      agent: "rehearsal",
      approvalMode: "all",
      title: name,
      ...more,
    })
  ).id;
};

const say = async (server: HoldfastProcess, id: string, text: string): Promise<void> => {
  const { ended } = await server.client.admitInputAndWait(
    id,
    { parts: [{ type: "text", text }] },
    { timeoutMs: 240_000 },
  );
  expect(ended).toBe(true);
};

/** Titles in order with the times that lists show, as the API and the command line have them. */
async function listed(server: HoldfastProcess): Promise<[title: string, updated: number][]> {
  const { items } = await server.client.listSessions();
  const { stdout } = await holdfast(server, "session", "list", "--json");
  const told = JSON.parse(stdout) as SessionList;
  const rows = (list: readonly Session[]): [string, number][] =>
    list.map(({ title, time }) => [title, time.updated]);
  expect(rows(told.items)).toEqual(rows(items));
  return rows(items);
}

const agentStatus = async (server: HoldfastProcess, id: string) =>
  (await server.client.listAgentSessions(id)).items[0]?.status;

const awaitStatus = (server: HoldfastProcess, id: string, status: string) =>
  until(`an agent that is ${status}`, async () => (await agentStatus(server, id)) === status);

test("[D-29, D-18] closing an agent, its death, a dead server and a restart leave lists as they were; people and agents move them", async () => {
  await using root = await temporaryDirectory("lists");
  let server = await startHoldfast({ root: root.path });
  const first = await sessionIn(server, "first");
  const second = await sessionIn(server, "second");
  const third = await sessionIn(server, "third");
  for (const id of [first, second, third]) await say(server, id, "SAY done");
  const statuses = () => Promise.all([first, second, third].map((id) => agentStatus(server, id)));
  const before = await listed(server);
  expect(before.map(([title]) => title)).toEqual(["third", "second", "first"]);

  await server.client.closeAgent(first, "rehearsal");
  await awaitStatus(server, first, "resumable");
  const launched = new Set(processesWith("HOLDFAST_LAUNCH_ID="));
  for (const pid of processesWith(root.path)) if (launched.has(pid)) killIfThere(pid);
  await awaitStatus(server, second, "crashed");
  await awaitStatus(server, third, "crashed");
  expect(await listed(server)).toEqual(before);

  await server.client.admitInput(first, { parts: [{ type: "text", text: "HANG" }] });
  await until("the turn to run", async () => (await server.client.getSession(first)).status === "busy");
  await server.client.patchSession(second, { title: "renamed" });
  await say(server, third, "SAY again");
  expect(await agentStatus(server, third)).toBe("idle");
  const running = await listed(server);
  expect(running.map(([title]) => title)).toEqual(["third", "renamed", "first"]);
  await server.kill();
  server = await startHoldfast({ root: root.path });
  expect(await server.client.getSession(first)).toMatchObject({ status: "idle", attention: "interrupted" });
  expect(await listed(server)).toEqual(running);
  expect(await statuses()).toEqual(["crashed", "crashed", "resumable"]);
  await say(server, second, "SAY again");
  const after = await listed(server);
  expect(after.map(([title]) => title)).toEqual(["renamed", "third", "first"]);
  expect(await server.stop()).toBe(0);
  server = await startHoldfast({ root: root.path });
  expect(await listed(server)).toEqual(after);
  expect(await statuses()).toEqual(["crashed", "resumable", "resumable"]);
  expect(await server.stop()).toBe(0);
});

test("[D-29, I-10] API and command line count the same sessions and requests, and say when a list is cut", async () => {
  await using root = await temporaryDirectory("counts");
  await using server = await startHoldfast({ root: root.path });
  const parent = await sessionIn(server, "parent");
  await sessionIn(server, "child", { parentId: parent });
  const asking = await sessionIn(server, "asking", { approvalMode: "ask" });
  const archived = await sessionIn(server, "archived");
  await server.client.patchSession(archived, { archived: true });
  await server.client.admitInput(asking, { parts: [{ type: "text", text: "ASK may I" }] });
  await until(
    "the question",
    async () => (await server.client.getSession(asking)).attention === "permission",
  );

  for (const [flags, query, total] of [
    [[], {}, 3],
    [["-n", "2"], { limit: 2 }, 3],
    [["--archived"], { archived: true }, 1],
    [["--title", "chi"], { title: "chi" }, 1],
  ] as const) {
    const page = await server.client.listSessions(query);
    const told = JSON.parse(
      (await holdfast(server, "session", "list", "--json", ...flags)).stdout,
    ) as SessionList;
    expect([flags, page.total, told.total]).toEqual([flags, total, total]);
    expect(told.items.map(({ id }) => id)).toEqual(page.items.map(({ id }) => id));
  }
  expect((await holdfast(server, "session", "list", "-n", "2")).stderr).toContain("2 of 3");
  expect((await holdfast(server, "session", "list")).stderr).toBe("");
  const requests = await server.client.listPermissions({ state: "pending" });
  const told = JSON.parse((await holdfast(server, "permission", "list", "--json")).stdout) as PermissionList;
  expect([requests.total, told.total, requests.items.length]).toEqual([1, 1, 1]);
});
