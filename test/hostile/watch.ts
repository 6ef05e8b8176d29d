/** Watches a server from outside while it is attacked: how long it keeps anybody waiting, and how much memory it takes. */
import { readFileSync } from "node:fs";
import type { HoldfastProcess } from "../harness/index.ts";

const EVERY_MS = 50;

export type Watched = {
  probes: number;
  slowestMs: number;
  startMib: number;
  peakMib: number;
  endMib: number;
};

export class Watch {
  readonly #server: HoldfastProcess;
  readonly #stop = new AbortController();
  readonly #figures: Watched;
  readonly #ended: Promise<void>;

  constructor(server: HoldfastProcess) {
    this.#server = server;
    const start = rssMib(server.pid);
    this.#figures = { probes: 0, slowestMs: 0, startMib: start, peakMib: start, endMib: start };
    this.#ended = this.#run();
  }

  /** The slowest probe since the last call, in ms. */
  takeSlowest(): number {
    const slowest = this.#window;
    this.#window = 0;
    return slowest;
  }

  async end(): Promise<Watched> {
    this.#stop.abort();
    await this.#ended;
    return { ...this.#figures, endMib: rssMib(this.#server.pid) };
  }

  #window = 0;

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const began = performance.now();
      await fetch(new URL("/api/health", this.#server.url)).then(
        (response) => response.arrayBuffer(),
        () => undefined,
      );
      const ms = performance.now() - began;
      this.#figures.probes += 1;
      this.#window = Math.max(this.#window, ms);
      this.#figures.slowestMs = Math.max(this.#figures.slowestMs, ms);
      this.#figures.peakMib = Math.max(this.#figures.peakMib, rssMib(this.#server.pid));
      await new Promise((resume) => setTimeout(resume, EVERY_MS));
    }
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
