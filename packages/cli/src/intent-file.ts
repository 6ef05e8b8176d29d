/** Calls of a ref that outlive this program (S-27), in one file of the user's: written whole beside it, synced, and put in its place. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Intent, IntentStore } from "@holdfast/client";

/** It holds secrets of refs that were asked for. */
const MODE = 0o600;

export const intentFile = (dataDirectory: string, refId: string): string =>
  join(dataDirectory, "ref-calls", `${refId}.json`);

export function intentsInFile(path: string): IntentStore {
  const read = (): Intent[] => {
    try {
      return JSON.parse(readFileSync(path, "utf8")) as Intent[];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  };
  return {
    load: () => new Promise((resolve) => resolve(read())),
    save: (saved, dropped = []) =>
      new Promise((resolve) => {
        const intents = new Map(read().map((intent) => [intent.opId, intent]));
        for (const intent of saved) intents.set(intent.opId, intent);
        for (const opId of dropped) intents.delete(opId);
        replace(path, JSON.stringify([...intents.values()]));
        resolve();
      }),
  };
}

function replace(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.new`;
  const file = openSync(beside, "w", MODE);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}
