/**
 * What a shell asks for while somebody presses Tab: ids with a word about each. It is quick or silent: what does not come within the deadline, for
 * whatever reason, is not completed, and nothing is ever said about it.
 */
import type { HoldfastClient } from "@holdfast/client";
import type { GlobalFlags } from "./config.ts";
import { createContext } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { oneLine } from "./output.ts";

/** For the answer, from the moment it is asked for, in ms: somebody waits with a finger on the key. */
const DEADLINE_MS = 500;
/** Ids that are worth looking at. */
const MOST = 50;

type Ids = (client: HoldfastClient, signal: AbortSignal) => Promise<(readonly [id: string, about: string])[]>;

const sessions: Ids = async (client, signal) =>
  (await client.listSessions({ limit: MOST }, { signal })).items.map((session) => [
    session.id,
    session.title,
  ]);

const worktrees: Ids = async (client, signal) =>
  (await client.listWorktrees({}, { signal })).items.map(({ id, state, branch }) => [
    id,
    `${state}: ${branch}`,
  ]);

const shares: Ids = async (client, signal) =>
  (await client.listShares({}, { signal })).items
    .filter(({ state }) => state !== "revoked" && state !== "expired")
    .map(({ id, state, title }) => [id, `${state}: ${title}`]);

const KINDS: Readonly<Record<string, Ids>> = {
  sessions,
  worktrees,
  // The newest sessions first, then worktrees that outlived theirs.
  places: async (client, signal) => {
    const found = await Promise.all([sessions(client, signal), worktrees(client, signal)]);
    return found.flatMap((ids) => ids.slice(0, MOST / 2));
  },
  shares,
  // What a ref may be made on: the newest sessions first.
  targets: async (client, signal) => {
    const found = await Promise.all([sessions(client, signal), shares(client, signal)]);
    return found.flatMap((ids) => ids.slice(0, MOST / 2));
  },
  refs: async (client, signal) =>
    (await client.listRefs({ limit: MOST }, { signal })).items
      .filter(({ ended }) => ended === undefined)
      .map(({ id, label, rights }) => [id, `${label} ${rights.join(",")}`]),
  archived: async (client, signal) =>
    (await client.listSessions({ limit: MOST, archived: true }, { signal })).items.map((session) => [
      session.id,
      session.title,
    ]),
  agents: async (client, signal) =>
    (await client.listAgents({ signal })).items.map((agent) => [
      agent.id,
      agent.available ? agent.name : `${agent.name} (missing)`,
    ]),
  requests: async (client, signal) =>
    (await client.listPermissions({ state: "pending" }, { signal })).items.map((request) => [
      request.id,
      `${request.agent}: ${request.title}`,
    ]),
  questions: async (client, signal) =>
    (await client.listQuestions({ state: "pending" }, { signal })).items.map((question) => [
      question.id,
      `${question.agent}: ${question.message}`,
    ]),
};

/** Prints `id <tab> about` lines; the exit code is 1 when there is nothing to print because something went wrong. */
export async function printIds(kind: string, flags: GlobalFlags): Promise<ExitCode> {
  // Whatever still hangs then, a name lookup for one, does not keep the shell.
  setTimeout(() => process.exit(EXIT.failed), DEADLINE_MS).unref();
  try {
    const ids = await KINDS[kind]?.(createContext(flags).connect().client, AbortSignal.timeout(DEADLINE_MS));
    if (ids === undefined) return EXIT.failed;
    process.stdout.write(
      ids
        .slice(0, MOST)
        .map(([id, about]) => `${id}\t${oneLine(about, 60)}\n`)
        .join(""),
    );
    return EXIT.completed;
  } catch {
    return EXIT.failed;
  }
}
