/** A server that was started inside another repository's git command: what its agents do must stay in their own repository. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HostileCase, Target } from "./http-cases.ts";

const TURN_MS = 60_000;

const ambientOf = (root: string): string => join(root, "ambient");
const preciousOf = (root: string): string => join(ambientOf(root), "precious.txt");

/** Makes that repository, with work that no commit holds, and answers the variables that point at it. */
export function ambientGit(root: string): Record<string, string> {
  const path = ambientOf(root);
  makeRepository(path);
  writeFileSync(preciousOf(root), "an hour of work\n");
  const gitDir = join(path, ".git");
  return {
    GIT_DIR: gitDir,
    GIT_COMMON_DIR: gitDir,
    GIT_WORK_TREE: path,
    GIT_INDEX_FILE: join(gitDir, "index"),
    GIT_OBJECT_DIRECTORY: join(gitDir, "objects"),
    GIT_NAMESPACE: "ambient",
    GIT_CONFIG_PARAMETERS: `'core.worktree'='${path}'`,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "core.worktree",
    GIT_CONFIG_VALUE_0: path,
  };
}

function makeRepository(path: string): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "a.txt"), "one\n");
  const who = ["-c", "user.name=User", "-c", "user.email=user@localhost"];
  const env = { PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
  for (const args of [
    ["init", "-q"],
    ["add", "-A"],
    ["commit", "-q", "-m", "first"],
  ])
    execFileSync("git", ["-C", path, ...who, ...args], { env, stdio: "ignore" });
}

async function command({ server }: Target, line: string): Promise<{ got: string; isFine: boolean }> {
  const { client, root } = server;
  const directory = await server.place("own-repository");
  if (!existsSync(join(directory, ".git"))) makeRepository(directory);
  const session = await client.createSession({ directory, agent: "rehearsal", approvalMode: "all" });
  const parts = [{ type: "text" as const, text: `BASH ${line} && touch done` }];
  const { ended } = await client.admitInputAndWait(session.id, { parts }, { timeoutMs: TURN_MS });
  const isKept = existsSync(preciousOf(root));
  const isDone = existsSync(join(directory, "done"));
  const got = `${ended ? "ended" : "still runs"}, ${isDone ? "done" : "not done"} in its own repository, the other's work is ${isKept ? "there" : "GONE"}`;
  return { got, isFine: ended && isDone && isKept };
}

/** Each ends with `done` in the agent's own directory, where git must have worked. */
const COMMANDS: Readonly<Record<string, string>> = {
  "git stash -u": "touch own && git -c user.name=A -c user.email=a@b stash -u && test ! -e own",
  "git clean": "touch own && git clean -fdx && test ! -e own",
  "git reset and checkout":
    "echo two > a.txt && git reset --hard -q && grep -q one a.txt && git checkout -q -B other",
};

export const GIT_CASES: readonly HostileCase[] = Object.entries(COMMANDS).map(([name, line]) => ({
  name: `git of another repository's environment: ${name}`,
  rules: "A-10",
  run: (target) => command(target, line),
}));
