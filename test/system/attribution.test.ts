/** Whose changes are, on the real server with real agents: a turn and the user, a kill in the middle of a turn, a rejection that is told. */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Change, Session } from "@holdfast/protocol";
import { rehearsalBin } from "@holdfast/rehearsal";
import { expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";

const TEST_MS = 120_000;
const LINES = Array.from({ length: 20 }, (_, at) => `line ${at + 1}\n`);

/** A repository with one file in the project's place `name`. */
async function repository(server: HoldfastProcess, name: string): Promise<string> {
  const directory = await server.place(name);
  writeFileSync(join(directory, "a.txt"), LINES.join(""));
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@example.test", ...args], {
      cwd: directory,
      env: { PATH: process.env["PATH"], HOME: server.root },
    });
  git("-c", "init.defaultBranch=main", "init", "-q");
  git("add", "-A");
  git("commit", "-q", "-m", "first");
  return directory;
}

const say = (server: HoldfastProcess, { id }: Session, text: string) =>
  server.client.admitInput(id, { parts: [{ type: "text", text }] });

const ended = (server: HoldfastProcess, turnId: string) =>
  until(
    "the turn's end",
    async () => {
      const turn = await server.client.getTurn(turnId);
      return ["completed", "failed", "aborted"].includes(turn.state) ? turn : undefined;
    },
    TEST_MS,
  );

const changes = async (server: HoldfastProcess, { workspaceId }: Session): Promise<Change[]> =>
  (await server.client.listChanges(workspaceId)).items;

test.runIf(isWhole)("[W-4, W-5] an agent's lines and the user's in one file keep apart", async () => {
  await using root = await temporaryDirectory("attribution");
  await using server = await startHoldfast({ root: root.path });
  const directory = await repository(server, "both");
  const session = await server.client.createSession({ directory, agent: "rehearsal", approvalMode: "all" });
  const file = join(directory, "a.txt");
  const first = await say(server, session, "WRITE b.txt hello");
  expect(await ended(server, first.turn.id)).toMatchObject({ state: "completed" });
  writeFileSync(file, LINES.with(17, "by the user\n").join(""));
  const command = "sed -i '3s/.*/by the agent/' a.txt";
  const second = await say(server, session, `BASH ${command}`);
  await ended(server, second.turn.id);
  const rows = new Map((await changes(server, session)).map((row) => [row.path, row]));
  expect([...rows.keys()]).toEqual(["a.txt", "b.txt"]);
  expect(rows.get("b.txt")).toMatchObject({ agent: "rehearsal", turnId: first.turn.id, kind: "added" });
  // Nothing but the command's effect says that it was the agent.
  const origins = rows.get("a.txt")?.hunks.map((hunk) => hunk.origins.map(({ agent }) => agent));
  expect(origins).toEqual([["shared"], ["user"]]);
  const { items } = await server.client.listMessages(session.id);
  const patches = items.flatMap(({ parts }) => parts).filter((part) => part.type === "patch");
  expect(patches.map(({ files }) => files)).toEqual([[join(directory, "b.txt")], [file]]);
});

test("[D-18, W-5] what a turn changed before its server was killed is found: its agent's where a completed call names it, else nobody's", async () => {
  await using root = await temporaryDirectory("recovered");
  const server = await startHoldfast({ root: root.path });
  const directory = await repository(server, "killed");
  const session = await server.client.createSession({ directory, agent: "rehearsal", approvalMode: "all" });
  const { turn } = await say(server, session, "WRITE b.txt done\nBASH echo half > c.txt; sleep 600");
  await until("the files", async () => {
    const { items } = await server.client.listMessages(session.id);
    const calls = items.flatMap(({ parts }) => parts).filter((part) => part.type === "tool");
    const states = calls.map(({ state }) => state.status).join();
    return states === "completed,running" && existsSync(join(directory, "c.txt"));
  });
  await server.kill();
  await using again = await startHoldfast({ root: root.path });
  expect(await ended(again, turn.id)).toMatchObject({ state: "aborted", reason: "interrupted" });
  expect(await changes(again, session)).toMatchObject([
    { path: "b.txt", agent: "rehearsal", turnId: turn.id, sessionId: session.id },
    { path: "c.txt", agent: "unknown", turnId: turn.id },
  ]);
  const { items } = await again.client.listMessages(session.id);
  const patch = items.flatMap(({ parts }) => parts).find((part) => part.type === "patch");
  expect(patch).toMatchObject({
    files: [join(directory, "b.txt"), join(directory, "c.txt")],
    recovered: true,
  });
});

test.runIf(isWhole)("[W-6] a rejection is told to the agent once, with the next prompt", async () => {
  await using root = await temporaryDirectory("told");
  await using server = await startHoldfast({ root: root.path });
  const directory = await repository(server, "told");
  const session = await server.client.createSession({ directory, agent: "rehearsal", approvalMode: "all" });
  await ended(server, (await say(server, session, "WRITE b.txt unwanted")).turn.id);
  const [row] = await changes(server, session);
  await server.client.rejectChanges(session.workspaceId, { changeIds: row === undefined ? [] : [row.id] });
  expect(await changes(server, session)).toEqual([]);
  const next = await say(server, session, "SAY understood");
  expect(await ended(server, next.turn.id)).toMatchObject({ state: "completed" });
  await ended(server, (await say(server, session, "SAY again")).turn.id);
  const { items } = await server.client.listMessages(session.id);
  const told = items.filter(({ parts }) =>
    parts.some((part) => part.type === "text" && part.synthetic === true),
  );
  expect(told.map(({ info }) => info.id)).toEqual([next.message.info.id]);
  expect(JSON.stringify(told)).toContain("b.txt");
  const said = items.flatMap(({ parts }) => parts).filter((part) => part.type === "text");
  expect(said.filter(({ text }) => text === "understood\n")).toHaveLength(1);
});

test("[W-6] a comment on a line goes to the agent that made its hunk, not to the session's own", async () => {
  await using root = await temporaryDirectory("comment");
  const command = [process.execPath, rehearsalBin];
  const agents = { helper: { backend: "acp" as const, command } };
  await using server = await startHoldfast({ root: root.path, config: { agents } });
  const directory = await repository(server, "comment");
  const session = await server.client.createSession({ directory, agent: "rehearsal", approvalMode: "all" });
  const edit = async (agent: string, ...edits: string[]) => {
    const parts = [{ type: "text" as const, text: `BASH ${edits.join("; ")}` }];
    const { turn } = await server.client.admitInput(session.id, { parts, agent });
    expect(await ended(server, turn.id)).toMatchObject({ state: "completed", agent });
  };
  await edit("helper", "sed -i '3s/.*/by the helper/' a.txt");
  await edit("rehearsal", "sed -i '17s/.*/by the rehearsal/' a.txt");
  const [row] = await changes(server, session);
  if (row === undefined) throw new Error("Nothing changed.");
  const comment = async (line: number, more: { sessionId?: Session["id"]; agent?: string } = {}) => {
    const body = { changeId: row.id, revision: row.revision, text: "SAY thanks", ...more };
    const { input } = await server.client.commentChange(session.workspaceId, { ...body, side: "new", line });
    expect(await ended(server, input.turnId)).toMatchObject({ state: "completed", sessionId: session.id });
    return input.agent;
  };
  expect(await comment(3)).toBe("helper");
  expect(await comment(17)).toBe("rehearsal");
  expect(await comment(3, { sessionId: session.id })).toBe("helper");
  expect(await comment(3, { agent: "rehearsal" })).toBe("rehearsal");
  // A line that did not change: whoever contributed last.
  expect(await comment(10)).toBe("rehearsal");
});
