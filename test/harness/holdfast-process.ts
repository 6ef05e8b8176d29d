import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient, type HoldfastClient } from "@holdfast/client";
import type { Config } from "@holdfast/protocol";
import { holdfastFor } from "./program.ts";
import { rowReports } from "./row-reports.ts";

export type HarnessOptions = {
  /** Everything of the server lies below it: `data`, `home`, `project`. */
  root: string;
  config?: Config;
  environment?: Record<string, string>;
  /** The URL of a module that is loaded before the program; it finds what it changes in the published one too. */
  preload?: string;
};

const READY_MS = 120_000;

/** The real server program as a child process, on loopback and a free port, with a data directory, a home and a project of its own. */
export class HoldfastProcess implements AsyncDisposable {
  readonly url: string;
  readonly token: string;
  readonly client: HoldfastClient;
  readonly pid: number;
  readonly root: string;
  readonly #log: () => string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<{ code: number | null; signal: string | null }>;

  constructor(child: ChildProcess, facts: { url: string; token: string; root: string; log: () => string }) {
    this.#child = child;
    this.#log = facts.log;
    this.url = facts.url;
    this.token = facts.token;
    this.root = facts.root;
    this.pid = child.pid ?? 0;
    this.client = createClient({ url: facts.url, token: facts.token });
    const watched = rowReports().then((made) => made?.watchRows(facts.url, facts.token));
    this.#exited = exited(child).then(async (end) => {
      await watched;
      return end;
    });
  }

  /** The end of what it logged. */
  get log(): string {
    return this.#log();
  }

  get project(): string {
    return join(this.root, "project");
  }

  /** A directory below the project: a workspace of its own, whose turns wait for nobody elsewhere. */
  async place(name: string): Promise<string> {
    const directory = join(this.project, name);
    await mkdir(directory, { recursive: true });
    return directory;
  }

  /** A raw request with the server's token; `init` wins. */
  fetch(
    path: string,
    init: Omit<RequestInit, "headers"> & { headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const headers = { authorization: `Bearer ${this.token}`, ...init.headers };
    return fetch(new URL(path, this.url), { ...init, headers });
  }

  /** SIGKILL, to this process alone; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    return (await this.#exited).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop();
  }
}

/** Starts the program and waits for its ready line. Start it again with the same options to come back to the same data. */
export async function startHoldfast(options: HarnessOptions): Promise<HoldfastProcess> {
  const { root } = options;
  const child = await launchHoldfast(options);
  let output = "";
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-16_384)));
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (what: string) => reject(new Error(`The server ${what}.\n${errors}`));
    const timer = setTimeout(() => fail("was not ready in time"), READY_MS);
    child.once("exit", (code) => fail(`ended with ${code}`));
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const match = /^holdfast listening on (http:\S+)\n/m.exec(output);
      if (match?.[1] === undefined) return;
      clearTimeout(timer);
      resolve(match[1]);
    });
  });
  const token = (await readFile(join(root, "data", "token"), "utf8")).trim();
  return new HoldfastProcess(child, { url, token, root, log: () => errors });
}

/** The program as a child, not waited for. */
export async function launchHoldfast(options: HarnessOptions): Promise<ChildProcess> {
  const { root, config = {}, environment = {}, preload } = options;
  const home = join(root, "home");
  await mkdir(join(home, ".config", "holdfast"), { recursive: true });
  await mkdir(join(root, "project"), { recursive: true });
  await writeFile(join(home, ".config", "holdfast", "config.jsonc"), JSON.stringify(config));
  return spawn(process.execPath, [holdfastFor(environment), "serve"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      HOME: home,
      HOLDFAST_DATA_DIR: join(root, "data"),
      HOLDFAST_PORT: "0",
      HOLDFAST_STOP_BUDGET: "2",
      REHEARSAL_HOME: join(root, "rehearsal"),
      ...(preload === undefined ? {} : { NODE_OPTIONS: `--import ${preload}` }),
      ...environment,
    },
  });
}

async function exited(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { code: child.exitCode, signal: child.signalCode };
}
