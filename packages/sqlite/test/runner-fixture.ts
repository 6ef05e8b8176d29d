import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "@holdfast/kernel";
import { openRunner, type Runner, type RunnerOptions } from "@holdfast/sqlite";
import { afterEach } from "vitest";

export const LEDGER = new URL("./ledger-module.ts", import.meta.url);

const directories: string[] = [];
const runners: Runner[] = [];

afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A directory of its own, removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-sqlite-"));
  directories.push(directory);
  return directory;
}

/** A runner on the ledger module unless told otherwise, closed after the test. */
export async function openLedger(options: Partial<RunnerOptions> = {}): Promise<Runner> {
  const directory = options.directory ?? temporaryDirectory();
  const runner = await openRunner({
    file: "ledger.db",
    module: LEDGER,
    diskReserveBytes: 0,
    ...options,
    directory,
  });
  runners.push(runner);
  return runner;
}

/** A module from its own text, for schemas that differ between openings. */
export function moduleOf(source: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

/** Code of the error a promise rejects with; fails when it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error: unknown = await promise.then(
    (value) => {
      throw new Error(`expected a refusal, got ${JSON.stringify(value)}`);
    },
    (reason: unknown) => reason,
  );
  return error instanceof Error && "code" in error ? error.code : error;
}

export type LogLine = { level: string; fields: Record<string, unknown>; message: string };

/** A logger that keeps what it is told. */
export function recordingLogger(): { logger: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, fields, message });
  return { logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") }, lines };
}

/** Shared memory on which a command or query of the ledger module waits: 0 not there yet, 1 waiting, 2 let go. */
export function gate(): { cell: Int32Array; reached: () => Promise<void>; open: () => void } {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const reached = async () => {
    const waiting = Atomics.waitAsync(cell, 0, 0, 20_000);
    const outcome = waiting.async ? await waiting.value : waiting.value;
    if (outcome === "timed-out") throw new Error("nothing reached the gate within 20 s");
  };
  const open = () => {
    Atomics.store(cell, 0, 2);
    Atomics.notify(cell, 0);
  };
  return { cell, reached, open };
}
