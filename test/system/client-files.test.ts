/** Files that an agent writes through its client and tells nobody else of: on the real server, with a program that stands in for goose. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ApprovalMode } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FileStep } from "../../packages/server/test/agents/file-agent.ts";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";

const TEST_MS = 120_000;
const PROGRAM = join(import.meta.dirname, "../../packages/server/test/agents/file-agent.ts");

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: HoldfastProcess;

beforeAll(async () => {
  directory = await temporaryDirectory("client-files");
  // It stands for goose, whose record lets it write files through us.
  const goose = { backend: "acp" as const, command: [process.execPath, PROGRAM] };
  server = await startHoldfast({ root: directory.path, config: { agents: { goose } } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

async function sessionIn(place: string, approvalMode: ApprovalMode) {
  const session = await server.client.createSession({
    directory: await server.place(place),
    agent: "goose",
    approvalMode,
  });
  const file = (name: string) => join(session.directory, name);
  const admit = (...steps: FileStep[]) =>
    server.client.admitInput(session.id, { parts: [{ type: "text", text: JSON.stringify(steps) }] });
  const end = (turnId: string) =>
    until(
      "the turn's end",
      async () => {
        const turn = await server.client.getTurn(turnId);
        return ["completed", "failed", "aborted"].includes(turn.state) ? turn : undefined;
      },
      TEST_MS,
    );
  return { session, file, admit, end };
}

test("[A-2, W-5] what an agent writes through us is its change, though no call named it", async () => {
  const { session, file, admit, end } = await sessionIn("evidence", "all");
  const { turn } = await admit(
    { do: "write", path: file("sub/a.txt"), content: "through us" },
    { do: "write", path: "/etc/holdfast-was-here", content: "x" },
    { do: "read", path: join(directory.path, "data", "token") },
  );
  expect(await end(turn.id)).toMatchObject({ state: "completed" });
  const { items: messages } = await server.client.listMessages(session.id);
  const said = JSON.stringify(messages.map(({ parts }) => parts));
  expect(said.match(/PATH_ESCAPES|-32601/g)).toEqual(["PATH_ESCAPES", "-32601"]);
  expect(readFileSync(file("sub/a.txt"), "utf8")).toBe("through us");
  const { items } = await server.client.listChanges(session.workspaceId);
  expect(items.map(({ path, agent, turnId }) => [path, agent, turnId])).toEqual([
    ["sub/a.txt", "goose", turn.id],
  ]);
});

test("[A-20] in mode ask it waits for a person, with the whole content to look at", async () => {
  const { session, file, admit, end } = await sessionIn("asking", "ask");
  const path = file("a.txt");
  const { turn } = await admit(
    { do: "write", path, content: "first" },
    { do: "write", path, content: "second" },
  );
  const asked = async (count: number) =>
    until("the request", async () => {
      const { items } = await server.client.listPermissions({ sessionId: session.id });
      return items.length === count ? items.find(({ state }) => state === "pending") : undefined;
    });
  const first = await asked(1);
  expect(first).toMatchObject({
    tool: "write_text_file",
    kind: "edit",
    title: "Write a.txt",
    args: { path, content: "first" },
  });
  expect(existsSync(path)).toBe(false);
  await server.client.replyPermission(first.id, { reply: "once" });
  await server.client.replyPermission((await asked(2)).id, { reply: "reject" });
  expect(await end(turn.id)).toMatchObject({ state: "completed" });
  expect(readFileSync(path, "utf8")).toBe("first");
  const { items } = await server.client.listChanges(session.workspaceId);
  expect(items.map(({ path: name, agent }) => [name, agent])).toEqual([["a.txt", "goose"]]);
});
