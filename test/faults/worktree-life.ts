import type { ChildProcess } from "node:child_process";
/** One life of the server in a trial: started with a fault or without, asked over HTTP, dead at the end. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { launchHoldfast } from "../harness/index.ts";

const READY_MS = 120_000;
/** Ends only what hangs: an act on a worktree may take long on a busy machine. */
const ANSWER_MS = 300_000;

export type Answer = { status: number; body: unknown };

export class Life {
  readonly #child: ChildProcess;
  readonly #dead: Promise<unknown>;
  url: string | undefined;
  #token = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#dead = once(child, "exit");
  }

  /** `url` stays undefined when it died before it listened. */
  static async begin(root: string, fault?: string): Promise<Life> {
    const environment: Record<string, string> = { HOLDFAST_STOP_BUDGET: "0", GIT_CONFIG_NOSYSTEM: "1" };
    if (fault !== undefined) environment["HOLDFAST_FAULT"] = fault;
    const life = new Life(await launchHoldfast({ root, config: { logLevel: "error" }, environment }));
    life.#child.stderr?.resume();
    let output = "";
    life.url = await Promise.race([
      new Promise<string>((resolve) => {
        life.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
          output += text;
          const found = /^holdfast listening on (http:\S+)\n/m.exec(output)?.[1];
          if (found !== undefined) resolve(found);
        });
      }),
      life.#dead.then(() => undefined),
      delay(READY_MS, undefined, { ref: false }),
    ]);
    life.#token = (await readFile(join(root, "data", "token"), "utf8").catch(() => "")).trim();
    return life;
  }

  get isDead(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** `undefined` when the server died over it. */
  async ask(method: string, path: string, json?: unknown, key?: string): Promise<Answer | undefined> {
    if (this.url === undefined) return undefined;
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (json !== undefined) headers["content-type"] = "application/json";
    if (key !== undefined) headers["idempotency-key"] = key;
    const request: RequestInit = { method, headers, signal: AbortSignal.timeout(ANSWER_MS) };
    if (json !== undefined) request.body = JSON.stringify(json);
    try {
      const response = await fetch(new URL(path, this.url), request);
      const text = await response.text();
      return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
    } catch {
      return undefined;
    }
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    if (!this.isDead) this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), READY_MS);
    await this.#dead;
    clearTimeout(timer);
  }
}
