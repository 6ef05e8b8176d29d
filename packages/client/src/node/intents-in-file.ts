/**
 * Calls of a ref that outlive their program (S-27), in one file. It is written whole beside itself, synced, and put in its place: after a crash or a loss of power it is what it was before or after. While
 * one program does that, others wait at a lock beside it, so that none writes over what another has just stored.
 */
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { delay } from "../delay.ts";
import type { Intent, IntentStore } from "../intent.ts";

/** It holds secrets of refs that were asked for. */
const MODE = 0o600;
const DIRECTORY_MODE = 0o700;
/** A lock is held for some milliseconds: one that is older than this was left by a program that died, in ms. */
const LOCK_MS = 10_000;
/** Between two looks at a lock, in ms, and how often is looked: for three locks that were left. */
const REST_MS = 20;
const MOST_LOOKS = (3 * LOCK_MS) / REST_MS;

/** The file and its directory are made when they are needed. Rejects with what the file system says, and with an Error for a file that holds something else. */
export function intentsInFile(path: string): IntentStore {
  let last: Promise<unknown> = Promise.resolve();
  const inOrder = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = last.then(act);
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    load: () => inOrder(() => read(path)),
    save: (saved, dropped = []) =>
      inOrder(() =>
        alone(path, async () => {
          const intents = new Map((await read(path)).map((intent) => [intent.opId, intent]));
          for (const intent of saved) intents.set(intent.opId, intent);
          for (const opId of dropped) intents.delete(opId);
          await replace(path, JSON.stringify([...intents.values()]));
        }),
      ),
  };
}

async function read(path: string): Promise<Intent[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return "[]";
    throw error;
  });
  const intents = parse(text);
  if (!Array.isArray(intents)) throw new Error(`${path} holds no calls of a ref.`);
  return intents as Intent[];
}

async function alone(path: string, act: () => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  const lock = `${path}.lock`;
  for (let looks = 0; !(await isTaken(lock)); looks += 1) {
    if (looks >= MOST_LOOKS) throw new Error(`${lock} is held by another program.`);
    const taken = await stat(lock).catch(() => undefined);
    if (taken !== undefined && Date.now() - taken.mtimeMs > LOCK_MS) await rm(lock, { force: true });
    else await delay(REST_MS);
  }
  try {
    await act();
  } finally {
    await rm(lock, { force: true });
  }
}

async function isTaken(lock: string): Promise<boolean> {
  try {
    await (await open(lock, "wx", MODE)).close();
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function replace(path: string, content: string): Promise<void> {
  const beside = `${path}.${crypto.randomUUID()}`;
  try {
    const file = await open(beside, "wx", MODE);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** So that the name is on the disk too. Where directories cannot be opened (Windows), the file system sees to it. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;
