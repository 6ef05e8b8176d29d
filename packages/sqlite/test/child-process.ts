import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const DEADLINE_MS = 120_000;
const SCRIPT = fileURLToPath(new URL("./ledger-child.ts", import.meta.url));

export type LedgerChild = {
  pid: number;
  /** Complete lines so far. */
  lines(): string[];
  /** Resolves when the text so far has a line that starts with `start`, `count` times. */
  until(start: string, count?: number): Promise<void>;
  kill(signal: "SIGKILL" | "SIGTERM"): void;
  /** How it ended. */
  ended: Promise<{ code: number | null; signal: string | null; stderr: string }>;
};

/** Starts `ledger-child.ts`; with `fileLimitBlocks` its files cannot grow beyond that many blocks of 512 bytes. */
export function startChild(args: string[], options: { fileLimitBlocks?: number } = {}): LedgerChild {
  const limit = options.fileLimitBlocks;
  const child: ChildProcess =
    limit === undefined
      ? spawn(process.execPath, [SCRIPT, ...args], { stdio: ["pipe", "pipe", "pipe"] })
      : spawn("/bin/sh", ["-c", `ulimit -f ${limit}; exec "$0" "$@"`, process.execPath, SCRIPT, ...args], {
          stdio: ["pipe", "pipe", "pipe"],
        });
  let text = "";
  let stderr = "";
  let changed = Promise.withResolvers<void>();
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    changed.resolve();
    changed = Promise.withResolvers();
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const ended = new Promise<Awaited<LedgerChild["ended"]>>((resolve) => {
    child.on("close", (code, signal) => {
      changed.resolve();
      resolve({ code, signal, stderr });
    });
  });
  const lines = () => text.split("\n").slice(0, -1);
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    kill: (signal) => void child.kill(signal),
    async until(start, count = 1) {
      const deadline = Date.now() + DEADLINE_MS;
      while (lines().filter((line) => line.startsWith(start)).length < count) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`child ended: ${text}${stderr}`);
        if (Date.now() > deadline)
          throw new Error(`no ${count} lines ${start} in ${DEADLINE_MS} ms: ${text}`);
        await Promise.race([changed.promise, ended]);
      }
    },
  };
}
