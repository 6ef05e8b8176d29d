/**
 * Which repository a directory is in, remembered as long as nothing that decides it has changed: asking git takes ten processes, and every turn
 * asks twice. What decides is on the disk: the `.git` of the directory and of those above it, and the repository's configuration. That a `.git` there
 * is none, or not this directory's, is decided elsewhere (what it points to, what is in it, what is ignored), so that is never remembered.
 */
import { lstat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Watched } from "./snapshot.ts";

/** Directories that are remembered; the one that was not asked for the longest is forgotten first. */
const MOST = 1_000;

type Known = { watched: Watched; signature: string };

export class WatchMemory {
  readonly #known = new Map<string, Known>();

  /** What was found when the disk looked the same. */
  async find(workspaceId: string, root: string): Promise<Watched | undefined> {
    const key = `${workspaceId} ${root}`;
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    this.#known.delete(key);
    if ((await signatureOf(root, known.watched)) !== known.signature) return undefined;
    this.#known.set(key, known);
    return known.watched;
  }

  async keep(root: string, watched: Watched): Promise<void> {
    if (watched.kind === "shadow" && (await hasGit(root))) return;
    this.#known.set(`${watched.workspaceId} ${root}`, {
      watched,
      signature: await signatureOf(root, watched),
    });
    const oldest = this.#known.size > MOST ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

/** Where git looks for the repository of a directory. */
function gitPaths(root: string): string[] {
  const directories: string[] = [];
  for (let at = root; !directories.includes(at); at = dirname(at)) directories.push(at);
  return directories.map((each) => join(each, ".git"));
}

async function hasGit(root: string): Promise<boolean> {
  const looks = await Promise.all(gitPaths(root).map((path) => identityOf(path)));
  return looks.some((look) => look !== "-");
}

async function signatureOf(root: string, { checkout }: Watched): Promise<string> {
  const looks = [
    identityOf(root),
    ...gitPaths(root).map((path) => identityOf(path)),
    identityOf(checkout.gitDir),
    identityOf(join(checkout.commonDir, "config"), "content"),
    identityOf(join(checkout.gitDir, "config.worktree"), "content"),
    // Git takes nothing for a repository that has no HEAD; which one is another question.
    lstat(join(checkout.gitDir, "HEAD")).then(
      () => "head",
      () => "-",
    ),
  ];
  return (await Promise.all(looks)).join(" ");
}

/** A directory is the same as long as it was not made anew or given away; a file has its content by its times. */
async function identityOf(path: string, what?: "content"): Promise<string> {
  try {
    const stats = await lstat(path, { bigint: true });
    const content =
      what === "content" || stats.isFile() ? `${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}` : "";
    // git refuses what belongs to somebody else.
    return `${stats.dev}:${stats.ino}:${stats.birthtimeNs}:${stats.uid}:${content}`;
  } catch {
    return "-";
  }
}
