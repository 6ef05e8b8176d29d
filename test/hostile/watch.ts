/** Watches a server from outside while it is attacked: how long it keeps anybody waiting, and how much memory it takes. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { HoldfastProcess } from "../harness/index.ts";
import type { ProbeData, Probed } from "./probe-thread.ts";

const MEMORY_EVERY_MS = 50;

export type Watched = {
  probes: number;
  slowestMs: number;
  startMib: number;
  peakMib: number;
  endMib: number;
};

export class Watch {
  readonly #server: Pick<HoldfastProcess, "pid" | "url">;
  readonly #figures: Watched;
  readonly #thread: Worker;
  readonly #memory: NodeJS.Timeout;

  constructor(server: Pick<HoldfastProcess, "pid" | "url">) {
    this.#server = server;
    const start = rssMib(server.pid);
    this.#figures = { probes: 0, slowestMs: 0, startMib: start, peakMib: start, endMib: start };
    this.#thread = new Worker(new URL("probe-thread.ts", import.meta.url), {
      workerData: { url: server.url } satisfies ProbeData,
    });
    this.#memory = setInterval(() => {
      this.#figures.peakMib = Math.max(this.#figures.peakMib, rssMib(server.pid));
    }, MEMORY_EVERY_MS);
  }

  /** How much longer than a bare server the slowest probe since the last call took, in ms. */
  async takeSlowest(): Promise<number> {
    const answer = once(this.#thread, "message");
    this.#thread.postMessage("so far");
    const [{ probes, slowestMs }] = (await answer) as [Probed];
    this.#figures.probes += probes;
    this.#figures.slowestMs = Math.max(this.#figures.slowestMs, slowestMs);
    return slowestMs;
  }

  async end(): Promise<Watched> {
    await this.takeSlowest();
    clearInterval(this.#memory);
    await this.#thread.terminate();
    return { ...this.#figures, endMib: rssMib(this.#server.pid) };
  }
}

/** Resident memory of a process, in MiB; 0 when it is gone. */
function rssMib(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Math.round(Number(kib) / 1024);
  } catch {
    return 0;
  }
}
