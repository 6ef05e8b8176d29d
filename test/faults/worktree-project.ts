/** The project of a trial: a repository with work that is not committed, ignored files, and settings that run commands. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What somebody did in a worktree; it must never be lost. */
export const WORK: Readonly<Record<string, string>> = {
  "a.txt": "the agent's\r\n",
  "deep/new file.txt": "new\n",
  // What git cannot hold.
  ".GIT/refused.txt": "refused\n",
  "nested/n.txt": "nested\n",
  "nested/.git/HEAD": "ref: refs/heads/main\n",
};
export const SETTINGS = {
  copy: [".env"],
  setup: ["node", "-e", "require('fs').appendFileSync('setup.log', 'ran\\n')"],
  teardown: ["node", "-e", "process.exit(0)"],
};
/** A setup that never succeeds, so that the creation is undone. */
export const FAILING = { ...SETTINGS, setup: ["node", "-e", "process.exit(9)"] };

export function git(directory: string, ...args: string[]): string {
  const who = ["-c", "init.defaultBranch=main", "-c", "user.name=User", "-c", "user.email=user@localhost"];
  const env = { PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
  const options = { env, stdio: ["ignore", "pipe", "pipe"] as ("ignore" | "pipe")[] };
  return execFileSync("git", ["-C", directory, ...who, ...args], options)
    .toString("utf8")
    .replace(/\n$/, "");
}

export async function makeProject(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  git(directory, "init", "-q");
  await writeFile(join(directory, "a.txt"), "one\n");
  await writeFile(join(directory, ".gitignore"), ".env\nsetup.log\n");
  git(directory, "add", "-A");
  git(directory, "commit", "-q", "-m", "first");
  await writeFile(join(directory, ".env"), "A=1\n");
  await writeFile(join(directory, "a.txt"), "the user's\n");
  await writeFile(join(directory, "untracked.txt"), "u\n");
}

/** Work in a worktree as an agent leaves it: a commit, and files that are not committed. */
export async function workIn(directory: string): Promise<void> {
  git(directory, "commit", "-q", "--allow-empty", "-m", "agent's");
  git(directory, "init", "-q", join(directory, "nested"));
  for (const [name, content] of Object.entries(WORK)) {
    await mkdir(join(directory, name, ".."), { recursive: true });
    await writeFile(join(directory, name), content);
  }
}

/** Which of the work is not there as it was. */
export function missingWork(directory: string): string[] {
  return Object.entries(WORK)
    .filter(
      ([name, content]) =>
        !existsSync(join(directory, name)) || readFileSync(join(directory, name), "utf8") !== content,
    )
    .map(([name]) => name);
}

/** Everything that is the user's and that no act on a worktree may change: files, index, HEAD, branches, stash, configuration. */
export function pictureOf(directory: string): string {
  const hash = createHash("sha256");
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !path.includes("/.git/")) hash.update(path).update(readFileSync(path));
  }
  const refs = git(directory, "for-each-ref", "--format=%(refname) %(objectname)")
    .split("\n")
    .filter((line) => !/^refs\/(heads\/)?holdfast\//.test(line));
  const files = ["HEAD", "config", "index"].map((name) =>
    readFileSync(join(directory, ".git", name)).toString("base64"),
  );
  return [hash.digest("hex"), ...refs, ...files].join("\n");
}
