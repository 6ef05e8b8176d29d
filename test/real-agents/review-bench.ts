/** A place to review what real agents did: a server that knows them, a project with a person's own work in it, and the command line as people use it. */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Change, ChangeList, Message } from "@holdfast/protocol";
import { realAgent, type RealAgentName } from "../../test-agents/agents.ts";
import { HOLDFAST, type HoldfastProcess, startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { startModel } from "../model/index.ts";

const COMMAND_MS = 180_000;

export type CommandResult = { code: number; stdout: string; stderr: string };

export type ReviewBench = {
  server: HoldfastProcess;
  project: string;
  /** Runs `holdfast` with these arguments in the project. */
  run: (...args: string[]) => Promise<CommandResult>;
  /** The same, which must succeed; answers what it printed. */
  must: (...args: string[]) => Promise<string>;
  /** The same, as the one JSON object that it prints. */
  json: <T>(...args: string[]) => Promise<T>;
  /** Gives an agent its lines as a turn of the session, through the command line, and waits for the turn's end. */
  say: (sessionId: string, agent: string, ...lines: string[]) => Promise<void>;
  changes: (place: string) => Promise<Change[]>;
  git: (...args: string[]) => string;
};

/** Runs with a server and these agents on a scripted model; everything is gone afterwards. */
export async function withReviewBench(
  agents: readonly (RealAgentName | "opencode")[],
  use: (bench: ReviewBench) => Promise<void>,
): Promise<void> {
  await using directory = await temporaryDirectory("review");
  const root = directory.path;
  const model = await startModel();
  const config: Record<
    string,
    { backend: "acp" | "opencode"; command: string[]; env: Record<string, string> }
  > = {};
  for (const name of agents) {
    const agent = realAgent(name, {
      modelUrl: model.url,
      home: join(root, `home-${name}`),
    });
    await agent.prepare();
    config[name] = {
      backend: name === "opencode" ? "opencode" : "acp",
      command: agent.command,
      env: agent.env,
    };
  }
  const environment = gitIdentity(join(root, "home"));
  const server = await startHoldfast({ root, config: { agents: config }, environment });
  try {
    await use(benchOf(server, environment));
  } finally {
    await server[Symbol.asyncDispose]();
    await model.close();
  }
}

function benchOf(server: HoldfastProcess, environment: Record<string, string>): ReviewBench {
  const { project } = server;
  const env = {
    PATH: process.env["PATH"] ?? "",
    ...environment,
    HOLDFAST_URL: server.url,
    HOLDFAST_TOKEN: server.token,
  };
  let turns = 0;
  const run = (...args: string[]): Promise<CommandResult> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [HOLDFAST, ...args],
        { cwd: project, env, timeout: COMMAND_MS, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
          resolve({ code, stdout, stderr });
        },
      ).stdin?.end();
    });
  const must = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args);
    if (code !== 0) throw new Error(`holdfast ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout.trim();
  };
  const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await must(...args, "--json")) as T;
  return {
    server,
    project,
    run,
    must,
    json,
    say: async (sessionId, agent, ...lines) => {
      turns += 1;
      // The scripted model reads what stands behind this line as its turn; the rehearsal agent repeats the line.
      await must("run", "-s", sessionId, "-a", agent, [`#turn ${turns}`, ...lines].join("\n"));
    },
    changes: async (place) => (await json<ChangeList>("changes", "list", place)).items,
    git: (...args) => execFileSync("git", args, { cwd: project, env, encoding: "utf8" }).trim(),
  };
}

/** Git as on a machine of its own: nobody's configuration, a name to commit with. */
function gitIdentity(home: string): Record<string, string> {
  const who = { NAME: "A Person", EMAIL: "person@example.invalid" };
  return {
    HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    ...Object.fromEntries(
      Object.entries(who).flatMap(([key, value]) => [
        [`GIT_AUTHOR_${key}`, value],
        [`GIT_COMMITTER_${key}`, value],
      ]),
    ),
  };
}

/** What belongs to a person and is none of ours: the index, byte for byte, the stash, HEAD and its branch. */
export function ownState({ project, git }: ReviewBench): Record<string, string> {
  return {
    index: createHash("sha256")
      .update(readFileSync(join(project, ".git", "index")))
      .digest("hex"),
    stash: git("stash", "list"),
    head: git("rev-parse", "HEAD"),
    branch: git("symbolic-ref", "HEAD"),
  };
}

/** Every file below a directory but git's own, with its mode and content. */
export function filesBelow(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(directory.length + 1);
    if (!entry.isFile() || name.split("/").includes(".git")) continue;
    found[name] = `${(statSync(path).mode & 0o777).toString(8)} ${readFileSync(path, "utf8")}`;
  }
  return found;
}

/** What an agent was told in front of the user's own words, over all messages. */
export const toldOf = (messages: readonly Message[], word: string): string[] =>
  messages
    .filter(({ info }) => info.role === "user")
    .flatMap(({ parts }) => parts)
    .flatMap((part) =>
      part.type === "text" && part.synthetic === true && part.text.includes(word) ? [part.text] : [],
    );
