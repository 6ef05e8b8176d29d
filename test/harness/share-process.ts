import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { holdfastFor } from "./program.ts";

const READY_MS = 120_000;

/** The share service's program as a child process, on loopback and a free port. */
export type ShareProcess = AsyncDisposable & {
  url: string;
  pid: number;
  /** The end of what it logged. */
  log(): string;
  /** Whether it still runs. */
  isAlive(): boolean;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
};

/** Starts it in this directory, with this publish key; `environment` beside what it needs. */
export async function startShareService(
  root: string,
  key: string,
  flags: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<ShareProcess> {
  const child: ChildProcess = spawn(
    process.execPath,
    [holdfastFor({}), "--data-dir", root, "share-server", ...flags],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
        HOME: root,
        HOLDFAST_SHARE_PORT: "0",
        HOLDFAST_SHARE_KEYS: key,
        HOLDFAST_LOG_LEVEL: "warn",
        ...environment,
      },
    },
  );
  let errors = "";
  child.stderr
    ?.setEncoding("utf8")
    .on("data", (text: string) => (errors = (errors + text).slice(-1_000_000)));
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (what: string) => reject(new Error(`The service ${what}.\n${errors}`));
    const timer = setTimeout(() => fail("was not ready in time"), READY_MS);
    child.once("exit", (code) => fail(`ended with ${code}`));
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const found = / listening on (http:\S+)\n/.exec(output)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
  });
  const stop = async (): Promise<number | null> => {
    if (!isAlive()) return child.exitCode;
    child.kill("SIGTERM");
    await once(child, "exit");
    return child.exitCode;
  };
  return {
    url,
    pid: child.pid ?? 0,
    log: () => errors,
    isAlive,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}
