/** What a server that was started with git's variables of another repository gives to what it starts (A-10, W-2, W-14). */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pointsGitElsewhere } from "@holdfast/kernel";
import { expect, test } from "vitest";
import { startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { ask, git, makeRepository, newSession } from "./git-scene.ts";

/** Everything that git calls local to a repository, and more of the kind, as of the repository at `path`. */
function variablesOf(path: string): Record<string, string> {
  const local = execFileSync("git", ["rev-parse", "--local-env-vars"], { encoding: "utf8" }).trim();
  const gitDir = join(path, ".git");
  return {
    ...Object.fromEntries(local.split("\n").map((name) => [name, gitDir])),
    GIT_WORK_TREE: path,
    GIT_CONFIG_PARAMETERS: `'core.worktree'='${path}'`,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "core.worktree",
    GIT_CONFIG_VALUE_0: path,
    GIT_NAMESPACE: "elsewhere",
    GIT_QUARANTINE_PATH: gitDir,
    GIT_LITERAL_PATHSPECS: "1",
    GIT_SSH_COMMAND: "ssh -v",
  };
}

test("[A-10, W-2, W-14] an agent, a setup and a teardown command work in their own repository, whatever git was told at the server's start", async () => {
  await using root = await temporaryDirectory("git-environment");
  const other = join(root.path, "other");
  await makeRepository(other, { "theirs.txt": "theirs\n" });
  await writeFile(join(other, "precious.txt"), "an hour of work\n");
  await makeRepository(join(root.path, "project"), { "a.txt": "one\n" });
  await using server = await startHoldfast({ root: root.path, environment: variablesOf(other) });
  const seen = (name: string) => join(root.path, `${name}.env`);
  const tell = (name: string) => `{ env; echo "TOP=$(git rev-parse --show-toplevel)"; } > ${seen(name)}`;

  const plain = await newSession(server, server.project);
  await ask(
    server,
    plain.id,
    "WRITE new.txt mine",
    `BASH ${tell("agent")}; git add --all; git stash -u; git stash pop`,
  );
  expect(git(server.project, "status", "--porcelain")).toContain("new.txt");
  const { items } = await server.client.listChanges(plain.workspaceId);
  expect(items.map(({ path }) => path)).toEqual(["new.txt"]);

  const settings = { setup: ["sh", "-c", tell("setup")], teardown: ["sh", "-c", tell("teardown")] };
  await server.client.patchProject(plain.projectId, { worktree: settings });
  const session = await newSession(server, server.project, { worktree: true });
  await server.client.deleteSession(session.id, { discard: true });
  await until("the teardown command", () => existsSync(seen("teardown")));

  const tops = { agent: server.project, setup: session.directory, teardown: session.directory };
  for (const [name, top] of Object.entries(tops)) {
    const lines = (await readFile(seen(name), "utf8")).split("\n");
    const names = lines.map((line) => line.slice(0, line.indexOf("=")));
    expect([name, names.filter(pointsGitElsewhere)]).toEqual([name, []]);
    expect(lines).toContain(`TOP=${top}`);
    expect(lines).toContain("GIT_SSH_COMMAND=ssh -v");
  }
  expect(await readFile(join(other, "precious.txt"), "utf8")).toBe("an hour of work\n");
  expect(git(other, "status", "--porcelain")).toBe("?? precious.txt");
  expect(git(other, "stash", "list")).toBe("");
});
