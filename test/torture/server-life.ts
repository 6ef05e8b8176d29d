/** One life of the server program, from its start to its death. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Config } from "@holdfast/protocol";
import { rehearsalBin } from "@holdfast/rehearsal";
import { holdfastFor, processesWith } from "../harness/index.ts";

const extraMigrations = pathToFileURL(join(import.meta.dirname, "extra-migrations.ts")).href;

/** An agent beside the built-in one. */
export const SPENDER = "spender";
/** Context of the scripted model, in tokens: what `FULL` of the prompts is more than. */
const CONTEXT = 1_000_000;
const MODEL = "fake-1";
const config: Config = {
  snapshots: false,
  providers: { endpoint: { models: { [MODEL]: { context: CONTEXT, output: 32_000 } } } },
  agents: {
    [SPENDER]: {
      backend: "acp",
      command: [process.execPath, "--import", join(import.meta.dirname, "spending.ts"), rehearsalBin],
    },
  },
};

const ERRORS_KEPT = 20_000;

export class ServerLife {
  readonly child: ChildProcess;
  readonly startedAt = Date.now();
  /** Resolves when it is dead. */
  readonly dead: Promise<void>;
  /** Its address once ready; undefined when it died before. */
  readonly ready: Promise<string | undefined>;
  stderr = "";
  /** We killed it, alive as it was. */
  isKilled = false;
  /** We asked it to end. */
  isAsked = false;
  readonly #root: string;

  constructor(root: string, child: ChildProcess) {
    this.#root = root;
    this.child = child;
    this.dead = once(child, "exit").then(() => undefined);
    child.stderr
      ?.setEncoding("utf8")
      .on("data", (text: string) => (this.stderr = (this.stderr + text).slice(-ERRORS_KEPT)));
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
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null) return;
    this.isKilled = true;
    this.child.kill("SIGKILL");
  }

  /** Asks it to end. */
  stop(): void {
    this.isAsked = true;
    this.child.kill("SIGTERM");
  }

  /** How it ended by itself, when nobody asked it to and no fault plan killed it; undefined otherwise. To be read after its death. */
  get failure(): string | undefined {
    const { exitCode, signalCode } = this.child;
    if (signalCode === "SIGKILL" || (this.isAsked && exitCode === 0)) return undefined;
    return `the server ended by itself with ${exitCode ?? signalCode}: ${this.stderr.slice(-2_000)}`;
  }

  agents(): number[] {
    return agentsOf(this.#root);
  }
}

/** Agent processes of this directory's servers that live now: they carry a launch id and our agent's home. */
export function agentsOf(root: string): number[] {
  const launched = new Set(processesWith("HOLDFAST_LAUNCH_ID="));
  return processesWith(`REHEARSAL_HOME=${join(root, "rehearsal")}`).filter((pid) => launched.has(pid));
}

/** Servers of this directory that live now: those of a torture that was interrupted itself. */
export function serversOf(root: string): number[] {
  return processesWith(`HOLDFAST_DATA_DIR=${join(root, "data")}`);
}

/** Every prompt that an agent of this directory remembers. What a crash cut off of its memory does not count. */
export function promptsIn(root: string): string[] {
  const directory = join(root, "rehearsal", "sessions");
  if (!existsSync(directory)) return [];
  const lines = readdirSync(directory).flatMap((name) =>
    readFileSync(join(directory, name), "utf8").split("\n").slice(0, -1),
  );
  return lines.flatMap((line) => {
    const { updates = [] } = JSON.parse(line) as {
      updates?: { sessionUpdate: string; content?: { text?: string } }[];
    };
    return updates.flatMap(({ sessionUpdate, content }) =>
      sessionUpdate === "user_message_chunk" && content?.text !== undefined ? [content.text] : [],
    );
  });
}

export type LifeOptions = {
  /** A named instant at which it kills itself. */
  fault?: string | undefined;
  /** How many migrations it has beyond the program's own. */
  level: number;
  /** The scripted model that Holdfast's own agent works with. */
  modelUrl: string;
};

/** Starts the server on the torture's directory. */
export async function startLife(root: string, { fault, level, modelUrl }: LifeOptions): Promise<ServerLife> {
  await mkdir(join(root, "project"), { recursive: true });
  const settings = join(root, "home", ".config", "holdfast");
  await mkdir(settings, { recursive: true });
  await writeFile(join(settings, "config.jsonc"), JSON.stringify(config));
  const newer: Record<string, string> =
    level === 0 ? {} : { HOLDFAST_TORTURE_LEVEL: String(level), NODE_OPTIONS: `--import ${extraMigrations}` };
  const child = spawn(process.execPath, [holdfastFor(newer), "serve"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      HOME: join(root, "home"),
      HOLDFAST_DATA_DIR: join(root, "data"),
      HOLDFAST_PORT: "0",
      HOLDFAST_STOP_BUDGET: "0",
      REHEARSAL_HOME: join(root, "rehearsal"),
      HOLDFAST_MODEL_URL: `${modelUrl}/v1`,
      HOLDFAST_MODEL: MODEL,
      ...(fault === undefined ? {} : { HOLDFAST_FAULT: fault }),
      ...newer,
    },
  });
  return new ServerLife(root, child);
}
