/** Directories with names that a line, a shell, an address or a pattern would take apart (W-2, W-3, W-7, W-10). */
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { ask, makeRepository, newSession } from "./git-scene.ts";

let root: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: HoldfastProcess;

beforeAll(async () => {
  root = await temporaryDirectory("odd-paths");
  server = await startHoldfast({ root: root.path });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await root[Symbol.asyncDispose]();
});

test.each([["two\nlines"], [`-q "100% #1?" 'it' $(x) \\n *ü* `]])(
  "[W-2, W-3, W-7, W-10] a repository in %j is worked in, reviewed, and its worktree removed and restored",
  async (name) => {
    const { client } = server;
    const project = join(root.path, name, name);
    await makeRepository(project, { "a.txt": "one\n" });
    const { id, workspaceId, directory } = await newSession(server, `${project}/`, { worktree: true });
    await ask(server, id, "WRITE a.txt two");
    const { items, tracking } = await client.listChanges(workspaceId, { refresh: true });
    expect([tracking.state, items.map(({ path }) => path)]).toEqual(["on", ["a.txt"]]);
    await client.applyChanges(workspaceId, { changeIds: items.map((change) => change.id) });
    expect(await readFile(join(project, "a.txt"), "utf8")).toContain("two");
    await ask(server, id, "WRITE b.txt three");

    const worktree = (await client.listWorktrees()).items.find((each) => each.workspaceId === workspaceId);
    const worktreeId = worktree?.id ?? "";
    const { risks } = await client.worktreeRisk(worktreeId);
    expect(risks.map(({ kind }) => kind)).not.toContain("unknown");
    await client.deleteWorktree(worktreeId, { discard: true });
    await client.restoreWorktree(worktreeId, { from: "rescue" });
    expect(await readFile(join(directory, "b.txt"), "utf8")).toContain("three");

    const own = await newSession(server, project);
    await ask(server, own.id, "WRITE c.txt mine");
    const inProject = await client.listChanges(own.workspaceId, { refresh: true });
    expect(inProject.items.find(({ path }) => path === "c.txt")?.contributions[0]?.agent).toBe("rehearsal");

    // The directory goes while its session exists, and comes back.
    await rename(project, `${project}.away`);
    expect((await ask(server, own.id, "WRITE d.txt mine")).error).toMatchObject({
      name: "WorkspaceMissingError",
    });
    await rename(`${project}.away`, project);
    expect((await ask(server, own.id, "WRITE d.txt mine")).state).toBe("completed");
  },
);

test("[I-6] a directory that is no place to work in is refused in words", async () => {
  const file = join(root.path, "a-file");
  await mkdir(join(root.path, "gone"));
  await rm(join(root.path, "gone"), { recursive: true });
  await makeRepository(file);
  for (const [directory, words] of [
    ["relative/path", /absolute path/],
    [join(root.path, "gone"), /does not exist/],
    [join(file, "a.txt"), /not a directory/],
  ] as const)
    await expect(newSession(server, directory)).rejects.toThrow(words);
});
