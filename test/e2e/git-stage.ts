import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Config, Session } from "@holdfast/protocol";
import { expect } from "vitest";
import { REHEARSAL, startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { sharedStage, Stage } from "./browser.ts";

const run = promisify(execFile);
const acp = (name: string) => ({ backend: "acp" as const, command: [process.execPath, REHEARSAL], name });

/** Two agents by name, so that a file can have more than one author. */
const AGENTS: Config["agents"] = { ann: acp("Ann"), bob: acp("Bob") };

/** Runs git in the project of a stage; resolves to what it printed. */
export async function git(on: Stage, ...args: string[]): Promise<string> {
  const who = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"];
  const { stdout } = await run("git", [...who, ...args], {
    cwd: on.project,
    env: { ...process.env, HOME: on.server.root, GIT_CONFIG_NOSYSTEM: "1" },
  });
  return stdout;
}

const optionsOf = (root: string, environment: Record<string, string> = {}) => ({
  root,
  environment,
  config: { agents: AGENTS },
});
type Files = Readonly<Record<string, string>>;

/** A server whose project is a repository with these files in its one commit, and who knows Ann and Bob. */
export async function gitStage(
  name: string,
  files: Files,
  environment?: Record<string, string>,
): Promise<Stage> {
  const directory = await temporaryDirectory(`e2e-${name}`);
  const options = optionsOf(directory.path, environment);
  return commit(new Stage(await startHoldfast(options), options, directory, undefined), files);
}

/** The same on the server that the stages of a file share. */
export const sharedGitStage = async (files: Files): Promise<Stage> =>
  commit(await sharedStage((root) => Promise.resolve(optionsOf(root))), files);

async function commit(on: Stage, files: Files): Promise<Stage> {
  await git(on, "init", "--quiet", "--initial-branch=main");
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(on.project, path)), { recursive: true });
    await writeFile(join(on.project, path), text);
  }
  await git(on, "add", "--all");
  await git(on, "commit", "--quiet", "--message=begin");
  return on;
}

type Given = Partial<Pick<Session, "agent" | "title">> & {
  worktree?: boolean;
  workspaceId?: Session["workspaceId"];
};

/** A session of the project that asks nothing. */
export const sessionOf = (on: Stage, given: Given = {}): Promise<Session> =>
  on.server.client.createSession({
    directory: on.project,
    agent: "ann",
    approvalMode: "all",
    ...given,
  });

/** Runs a turn to its end over the API. */
export async function runTurn(on: Stage, sessionId: string, text: string, agent?: string): Promise<void> {
  const input = { parts: [{ type: "text" as const, text }], ...(agent === undefined ? {} : { agent }) };
  const end = await on.server.client.admitInputAndWait(sessionId, input, { timeoutMs: 240_000 });
  expect(end).toMatchObject({ ended: true, turn: { state: "completed" } });
}
