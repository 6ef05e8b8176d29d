import { realpath } from "node:fs/promises";
import { sep } from "node:path";
import {
  findRepository,
  type GitRunner,
  type Checkout,
  checkoutOf,
  refusalOf,
  runGit,
} from "../git/index.ts";
import { shadowCheckout } from "./shadow.ts";
import type { Watched } from "./snapshot.ts";
import type { WatchMemory } from "./watch-memory.ts";

/** The oldest git that can merge trees without a checkout (W, head of the chapter). */
const OLDEST_GIT = [2, 38] as const;

/** Runners whose git was new enough; one that was not may be replaced by a newer one. */
const newEnough = new WeakSet<GitRunner>();

export type WatchRequest = {
  workspaceId: string;
  /** What is covered: the directory of a workspace of kind `directory`, the top of a worktree. */
  root: string;
};

/** Whether the files below a root can be watched, and where their snapshots go; else why not, in words for people. */
export async function watchRoot(
  deps: { git: GitRunner; home: string; shadows: string; memory: WatchMemory },
  { workspaceId, root: named }: WatchRequest,
): Promise<Watched | { off: string }> {
  const { git } = deps;
  const root = await realpath(named).catch(() => undefined);
  if (root === undefined) return { off: "The directory is gone." };
  const home = await realpath(deps.home).catch(() => deps.home);
  if (holdsHome(root, home)) return { off: "A home directory, or one above it, is not watched." };
  try {
    const known = await deps.memory.find(workspaceId, root);
    if (known !== undefined && !(await isHidden(known))) return known;
    const old = await tooOld(git, root);
    if (old !== undefined) return { off: old };
    const watched = await look(deps, workspaceId, root, home);
    if (!("off" in watched)) await deps.memory.keep(root, watched);
    return watched;
  } catch (error) {
    const reason = refusalOf(error, root);
    if (reason === undefined) throw error;
    return { off: reason };
  }
}

type Deps = { git: GitRunner; shadows: string };

async function look(
  { git, shadows }: Deps,
  workspaceId: string,
  root: string,
  home: string,
): Promise<Watched | { off: string }> {
  const repository = await findRepository(git, root);
  if (repository !== undefined && repository.top === undefined)
    return { off: "This is a bare repository, or git's own directory: it has no files to watch." };
  if (repository?.top !== undefined) {
    if (holdsHome(repository.top, home))
      return { off: "The repository is the whole home directory, which is not watched." };
    const watched: Watched = { workspaceId, checkout: checkoutOf(git, repository), kind: "repository" };
    if (!(await isHidden(watched))) return watched;
  }
  return { workspaceId, checkout: await shadowCheckout(git, shadows, { workspaceId, root }), kind: "shadow" };
}

/** What a repository ignores as a whole it would never show: such a directory is on its own. */
const isHidden = async ({ checkout, kind }: Watched): Promise<boolean> =>
  kind === "repository" && checkout.prefix !== "" && (await isIgnored(checkout));

const holdsHome = (directory: string, home: string): boolean =>
  directory === sep || directory === home || home.startsWith(`${directory}${sep}`);

async function isIgnored(checkout: Checkout): Promise<boolean> {
  const { exitCode } = await runGit(
    checkout,
    ["check-ignore", "--quiet", "--", checkout.prefix.slice(0, -1)],
    {
      exits: [0, 1],
      // The only program of git that refuses to take paths literally.
      environment: { GIT_LITERAL_PATHSPECS: "0" },
    },
  );
  return exitCode === 0;
}

/** What is wrong with git's age, in words. */
async function tooOld(git: GitRunner, directory: string): Promise<string | undefined> {
  if (newEnough.has(git)) return undefined;
  const known = (await git.run({ directory }, ["version"])).text;
  const [, major, minor] = /(\d+)\.(\d+)/.exec(known) ?? [];
  const [oldMajor, oldMinor] = OLDEST_GIT;
  const isOld = Number(major) < oldMajor || (Number(major) === oldMajor && Number(minor) < oldMinor);
  if (isOld) return `git ${OLDEST_GIT.join(".")} or newer is needed; this is ${known}.`;
  newEnough.add(git);
  return undefined;
}
