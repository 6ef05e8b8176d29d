import { Worker } from "node:worker_threads";
import type { FromThread, ToThread } from "../wire.ts";

/** The thread of capnweb as its host uses it. */
export type Thread = {
  post(words: ToThread): void;
  /** Processor time that it took so far, in ms. */
  workMs(): Promise<number>;
  /** Ends it at once. */
  terminate(): void;
};

/** What a thread tells its host. After `onEnd` it says nothing more. */
export type ThreadEars = { onWords: (words: FromThread) => void; onEnd: (reason: string) => void };

export type StartThread = (ears: ThreadEars) => Thread;

/** MiB of its heap. */
const HEAP_MIB = 128;

/** Starts a thread that runs this module. It gets no environment, and does not keep the process alive by itself. */
export function startThread(module: URL): StartThread {
  return ({ onWords, onEnd }) => {
    const worker = new Worker(module, {
      name: "rpc",
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    worker.unref();
    let isOver = false;
    const end = (reason: string): void => {
      if (isOver) return;
      isOver = true;
      onEnd(reason);
    };
    worker.on("message", (words: FromThread) => void (isOver || onWords(words)));
    worker.on("error", (error) => end(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code) => end(`exit code ${code}`));
    return {
      post: (words) => worker.postMessage(words),
      async workMs() {
        const { user, system } = await worker.cpuUsage();
        return (user + system) / 1_000;
      },
      terminate() {
        isOver = true;
        void worker.terminate();
      },
    };
  };
}

/** Starts the thread of this package, as a source and as a bundle. */
export function startRpcThread(): StartThread {
  const address = import.meta.url;
  const path = address.endsWith(".ts") ? "../thread/rpc-thread.ts" : "./rpc-thread.js";
  return startThread(new URL(path, address));
}
