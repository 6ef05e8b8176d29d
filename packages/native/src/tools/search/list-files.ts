/**
 * The files below a directory that a person would look through: in a git repository what git lists (tracked, and new ones that are not ignored), elsewhere what
 * a walk finds that no `.gitignore` on its way leaves out. Links are never followed.
 */
import { spawn } from "node:child_process";
import type { Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, pointsGitElsewhere } from "@holdfast/kernel";
import ignore, { type Ignore } from "ignore";

/** Files of one list, directories of one walk, and how long a list may take, in ms. */
const MAX_FILES = 50_000;
const MAX_DIRECTORIES = 20_000;
const LIST_MS = 20_000;

/** Bytes of a `.gitignore` that is read. */
const MAX_IGNORE_BYTES = 256 * 1024;

/** Directories that no walk looks into. */
const NEVER = new Set([".git", "node_modules", ".hg", ".svn"]);

type Asking = { clock: Clock; signal: AbortSignal; environment: Readonly<Record<string, string>> };

/** Relative to the directory, with slashes, in order. `isCut`: there are more. */
export type FileList = { files: string[]; isCut: boolean };

export async function listFiles(directory: string, asking: Asking): Promise<FileList> {
  const listed = await listByGit(directory, asking);
  // Nothing: it may be a directory that the repository ignores, which was named by intent.
  return listed !== undefined && listed.files.length > 0 ? listed : walk(directory, asking);
}

/** Undefined where git cannot: not installed, or no repository. */
function listByGit(directory: string, { clock, signal, environment }: Asking): Promise<FileList | undefined> {
  const { promise, resolve } = Promise.withResolvers<FileList | undefined>();
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => !pointsGitElsewhere(name)));
  const git = spawn(
    "git",
    // A repository's own configuration must not start programs here.
    ["-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: directory, env: { ...env, GIT_OPTIONAL_LOCKS: "0" }, stdio: ["ignore", "pipe", "ignore"] },
  );
  const files = new Set<string>();
  let [rest, isCut] = ["", false];
  const stop = () => {
    isCut = true;
    git.kill("SIGKILL");
  };
  const timer = clock.after(LIST_MS, stop);
  signal.addEventListener("abort", stop, { once: true });
  git.stdout.setEncoding("utf8").on("data", (text: string) => {
    const names = (rest + text).split("\0");
    rest = names.pop() ?? "";
    for (const name of names) {
      if (files.size >= MAX_FILES) return stop();
      // An entry of the index that ends with a slash is a repository of its own.
      if (name !== "" && !name.endsWith("/")) files.add(name);
    }
  });
  git.once("error", () => resolve(undefined));
  git.once("close", (code) =>
    resolve(code === 0 || isCut ? { files: [...files].toSorted(), isCut } : undefined),
  );
  return promise.finally(() => {
    timer.cancel();
    signal.removeEventListener("abort", stop);
  });
}

type Rules = { under: string; rules: Ignore };

async function walk(directory: string, { clock, signal }: Asking): Promise<FileList> {
  const until = clock.monotonic() + LIST_MS;
  const files: string[] = [];
  const waiting: { path: string; rules: readonly Rules[] }[] = [{ path: "", rules: [] }];
  for (let seen = 0; waiting.length > 0; seen += 1) {
    signal.throwIfAborted();
    if (seen >= MAX_DIRECTORIES || clock.monotonic() > until) return { files, isCut: true };
    const { path, rules } = waiting.shift() as (typeof waiting)[number];
    const own = await rulesIn(join(directory, path), path);
    const all = own === undefined ? rules : [...rules, own];
    for (const entry of await entriesOf(join(directory, path))) {
      const name = path === "" ? entry.name : `${path}/${entry.name}`;
      const isDirectory = entry.isDirectory();
      if ((isDirectory && NEVER.has(entry.name)) || isIgnored(all, name, isDirectory)) continue;
      if (isDirectory) waiting.push({ path: name, rules: all });
      else if (files.length >= MAX_FILES) return { files, isCut: true };
      else if (entry.isFile()) files.push(name);
    }
  }
  return { files: files.toSorted(), isCut: false };
}

async function entriesOf(path: string): Promise<Dirent[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((): Dirent[] => []);
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function rulesIn(path: string, under: string): Promise<Rules | undefined> {
  const file = join(path, ".gitignore");
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true || found.size > MAX_IGNORE_BYTES) return undefined;
  const text = await readFile(file, "utf8").catch(() => "");
  return { under, rules: ignore().add(text) };
}

/** The nearest rules that say anything of it hold. */
function isIgnored(all: readonly Rules[], name: string, isDirectory: boolean): boolean {
  for (const { under, rules } of all.toReversed()) {
    const own = under === "" ? name : name.slice(under.length + 1);
    const told = rules.test(isDirectory ? `${own}/` : own);
    if (told.ignored) return true;
    if (told.unignored) return false;
  }
  return false;
}
