/**
 * Changing files: shown, allowed, said, then done (W-5).
 *
 *   showChanges ─► permitChanges ─► inTurnOn(paths) ─► says `changes(path)` ─► still what it was made from? ─► written beside, renamed
 *
 * - A write is whole or did not happen; mode bits stay. Of several changes all are made, or those that were are taken back.
 * - What git keeps of itself is never written: a hook there would run without anybody's yes.
 */
import { constants } from "node:fs";
import { access, mkdir, open, realpath, rename, rmdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorText, isInside, randomHex } from "@holdfast/kernel";
import type { ToolUpdate } from "../../wire.ts";
import { ToolError, type ToolContext, type ToolKind } from "../tool.ts";
import { hashOf, MAX_FILE_BYTES, readBytes } from "./open-file.ts";
import { isGitsOwn, type Place } from "./place.ts";
import { shownTexts } from "./shown-texts.ts";

/** What becomes of one file. `before` absent: there is none; `after` absent: there will be none. `modeOf`: a file whose mode bits a new one gets. */
export type Change = {
  place: Place;
  kind: Extract<ToolKind, "edit" | "delete" | "move">;
  before?: Buffer;
  after?: Buffer;
  modeOf?: string;
};

/** Shows what would change. What is too long to be shown whole is shown where it changes. */
export function showChanges(context: Pick<ToolContext, "tell">, changes: readonly Change[]): void {
  const diffs: NonNullable<ToolUpdate["diffs"]> = changes.map(({ place, before, after }) => ({
    path: place.path,
    ...shownTexts(before, after, changes.length),
  }));
  context.tell({ diffs });
}

/** Asks once for each kind of change. Rejects before anybody is asked where a change is impossible: git's own files, too many bytes, read-only files. */
export async function permitChanges(
  context: Pick<ToolContext, "permit">,
  title: string,
  changes: readonly Change[],
): Promise<void> {
  for (const { place, after, before } of changes) {
    if (isGitsOwn(place.path))
      throw new ToolError(`${place.shown} is git's own, and changed through git only.`);
    if (after !== undefined && after.length > MAX_FILE_BYTES)
      throw new ToolError(
        `${place.shown} would have ${after.length} bytes; the most that is written is ${MAX_FILE_BYTES}.`,
      );
    if (before !== undefined && after !== undefined)
      await access(place.path, constants.W_OK).catch(() => {
        throw new ToolError(`${place.shown} is read-only.`);
      });
  }
  const kindOf = ({ kind, place }: Change) => (place.isOutside ? "edit_outside" : kind);
  for (const kind of new Set(changes.map(kindOf))) {
    const patterns = changes
      .filter((change) => kindOf(change) === kind)
      .map(({ place }) => (place.isOutside ? place.path : place.shown));
    await context.permit({ title, kind, patterns });
  }
}

type Made = { change: Change; directories: string[]; mode: number | undefined; isDone: boolean };

const turns = new Map<string, Promise<unknown>>();

/** One after another for each of these files, in this program: a subagent may work beside. */
export async function inTurnOn<T>(paths: readonly string[], run: () => Promise<T>): Promise<T> {
  const before = paths.map((path) => turns.get(path) ?? Promise.resolve());
  const result = Promise.all(before).then(run);
  const settled = result.catch(() => undefined);
  for (const path of paths) turns.set(path, settled);
  try {
    return await result;
  } finally {
    for (const path of paths) if (turns.get(path) === settled) turns.delete(path);
  }
}

/**
 * Makes all of them, in order, within `inTurnOn`. Rejects with a `ToolError`, with those that were made taken back, where one fails or a file is no longer
 * what its change was made from. Answers the hashes of what the files hold now.
 */
export async function applyChanges(
  context: Pick<ToolContext, "changes" | "signal">,
  changes: readonly Change[],
): Promise<{ path: string; hash: string }[]> {
  for (const change of changes) await refuseMoved(change);
  for (const { place } of changes) await context.changes(place.path);
  const made: Made[] = [];
  try {
    for (const change of changes) {
      context.signal.throwIfAborted();
      await refuseMoved(change);
      const directories = change.after === undefined ? [] : await makeDirectories(dirname(change.place.path));
      const step: Made = { change, directories, mode: await modeOf(change.place.path), isDone: false };
      made.push(step);
      const mode = change.modeOf === undefined ? step.mode : await modeOf(change.modeOf);
      await put(change.place, change.after, mode);
      step.isDone = true;
    }
  } catch (error) {
    const lost = await takeBack(made);
    const why = error instanceof ToolError ? error.message : `Nothing was changed: ${errorText(error)}.`;
    throw new ToolError(
      lost.length === 0 ? why : `${why} These could not be taken back: ${lost.join(", ")}.`,
    );
  }
  return changes.map(({ place, after }) => ({
    path: place.path,
    hash: after === undefined ? "" : hashOf(after),
  }));
}

/** Between the reading and the writing somebody may have been asked for an hour. */
async function refuseMoved({ place, before }: Change): Promise<void> {
  const now = await readBytes(place);
  const isSame = now === undefined ? before === undefined : before !== undefined && now.equals(before);
  if (isSame) return;
  throw new ToolError(`${place.shown} was changed meanwhile. Nothing was changed; read it again.`);
}

async function put(place: Place, bytes: Buffer | undefined, mode: number | undefined): Promise<void> {
  const { path } = place;
  const directory = dirname(path);
  // A directory on the way may have become a link to elsewhere.
  if ((await realpath(directory)) !== directory)
    throw new ToolError(`The way to ${place.shown} was changed meanwhile. Nothing was changed.`);
  if (bytes === undefined) return unlink(path);
  const temporary = join(directory, `.${basename(path).slice(0, 64)}.${randomHex(8)}.tmp`);
  const file = await open(temporary, "wx", mode ?? 0o666);
  try {
    try {
      await file.writeFile(bytes);
      // The umask took what the old file had.
      if (mode !== undefined) await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

const modeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    (found) => found.mode & 0o7777,
    () => undefined,
  );

/** Those that were not there, outermost first. */
async function makeDirectories(path: string): Promise<string[]> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return [];
  const made: string[] = [];
  for (let at = path; isInside(first, at); at = dirname(at)) made.unshift(at);
  return made;
}

/** Newest first. Answers those that could not be. */
async function takeBack(made: readonly Made[]): Promise<string[]> {
  const lost: string[] = [];
  for (const { change, directories, mode, isDone } of made.toReversed()) {
    const { place, before } = change;
    if (isDone) await put(place, before, mode).catch(() => lost.push(place.shown));
    for (const directory of directories.toReversed()) await rmdir(directory).catch(() => undefined);
  }
  return lost;
}
