/** One life of the server program, from its start to its death. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { processesWith } from "../harness/index.ts";

const program = join(import.meta.dirname, "..", "..", "packages", "cli", "bin", "holdfast.js");

export class ServerLife {
  readonly child: ChildProcess;
  readonly startedAt = Date.now();
  /** Resolves when it is dead. */
  readonly dead: Promise<void>;
  /** Its address once ready; undefined when it died before. */
  readonly ready: Promise<string | undefined>;
  stderr = "";
  readonly #root: string;

  constructor(root: string, child: ChildProcess) {
    this.#root = root;
    this.child = child;
    this.dead = once(child, "exit").then(() => undefined);
    child.stderr
      ?.setEncoding("utf8")
      .on("data", (text: string) => (this.stderr = (this.stderr + text).slice(-20_000)));
    let output = "";
    const announced = new Promise<string>((resolve) => {
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const url = /^holdfast listening on (http:\S+)\n/m.exec(output)?.[1];
        if (url !== undefined) resolve(url);
      });
    });
    this.ready = Promise.race([announced, this.dead.then(() => undefined)]);
  }

  token(): Promise<string> {
    return readFile(join(this.#root, "data", "token"), "utf8").then((text) => text.trim());
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  /** Agent processes of this data directory's servers that live now: they carry a launch id and our agent's home. */
  agents(): number[] {
    return processesWith(`REHEARSAL_HOME=${join(this.#root, "rehearsal")}`).filter(
      (pid) => pid !== this.child.pid && processesWith("HOLDFAST_LAUNCH_ID=").includes(pid),
    );
  }
}

/** Starts the server on the torture's directory, with a fault plan when the kill wants one. */
export async function startLife(root: string, fault: string | undefined): Promise<ServerLife> {
  await mkdir(join(root, "project"), { recursive: true });
  const child = spawn(process.execPath, [program, "serve"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOME: join(root, "home"),
      HOLDFAST_DATA_DIR: join(root, "data"),
      HOLDFAST_PORT: "0",
      HOLDFAST_STOP_BUDGET: "0",
      REHEARSAL_HOME: join(root, "rehearsal"),
      ...(fault === undefined ? {} : { HOLDFAST_FAULT: fault }),
    },
  });
  return new ServerLife(root, child);
}
