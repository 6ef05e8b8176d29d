/** A repository as the user's own git makes it, and sessions of the rehearsal agent in it over the real server. */
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Session, Turn } from "@holdfast/protocol";
import type { HoldfastProcess } from "../harness/index.ts";

const TURN_MS = 60_000;

/** git of a user without any configuration. */
export function git(directory: string, ...args: string[]): string {
  const who = ["-c", "init.defaultBranch=main", "-c", "user.name=User", "-c", "user.email=user@localhost"];
  const env = { PATH: process.env["PATH"], GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
  return execFileSync("git", ["-C", directory, ...who, ...args], { env, stdio: ["ignore", "pipe", "pipe"] })
    .toString("utf8")
    .trim();
}

/** Makes a repository with these files committed. */
export async function makeRepository(
  directory: string,
  files: Readonly<Record<string, string>> = { "a.txt": "one\n" },
): Promise<void> {
  await mkdir(directory, { recursive: true });
  git(directory, "init", "-q");
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  git(directory, "add", "-A");
  git(directory, "commit", "-q", "-m", "first");
}

export const newSession = (
  { client }: HoldfastProcess,
  directory: string,
  more: { worktree?: boolean } = {},
): Promise<Session> => client.createSession({ directory, agent: "rehearsal", approvalMode: "all", ...more });

/** One turn to its end; the lines are what the agent is to do. */
export async function ask({ client }: HoldfastProcess, id: string, ...lines: string[]): Promise<Turn> {
  const parts = [{ type: "text" as const, text: lines.join("\n") }];
  const answer = await client.admitInputAndWait(id, { parts }, { timeoutMs: TURN_MS });
  if (!answer.ended) throw new Error("The turn did not end.");
  return answer.turn;
}
