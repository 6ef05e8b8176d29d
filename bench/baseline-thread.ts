/**
 * The raw limit of T-1 behind a thread: the same bare connection in a worker, told by one message per tick and answered by one per commit, as a
 * writer thread must be (D-34). Not a target's other side; it says how much of T-1's distance the thread alone costs.
 */
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { openBaseline } from "./baseline-sqlite.ts";
import type { StoredTurn, TurnStore } from "./ingestion-turn.ts";

type Call =
  | { kind: "begin" | "acknowledged" | "finalize" }
  | { kind: "delta"; text: string }
  | { kind: "tool"; update: Parameters<StoredTurn["tool"]>[0] };
type ToThread = [id: number, session: number, call: Call] | "close";
type FromThread = number[];

/** The main thread's side. Calls of a tick leave together. */
export async function openThreadedBaseline(directory: string): Promise<TurnStore> {
  const worker = new Worker(new URL(import.meta.url), { workerData: directory, execArgv: [] });
  const waiting = new Map<number, () => void>();
  let batch: ToThread[] = [];
  let last = 0;
  worker.on("message", (message: FromThread) => {
    for (const id of message) {
      waiting.get(id)?.();
      waiting.delete(id);
    }
  });
  const send = (session: number, call: Call): number => {
    if (batch.length === 0) {
      queueMicrotask(() => {
        worker.postMessage(batch);
        batch = [];
      });
    }
    last += 1;
    batch.push([last, session, call]);
    return last;
  };
  const answered = (id: number): Promise<void> => new Promise((resolve) => waiting.set(id, resolve));
  await once(worker, "online");
  return {
    async begin(session) {
      await answered(send(session, { kind: "begin" }));
      return {
        delta: (text) => void send(session, { kind: "delta", text }),
        tool: (update) => void send(session, { kind: "tool", update }),
        acknowledged: () => answered(send(session, { kind: "acknowledged" })),
        finalize: () => answered(send(session, { kind: "finalize" })),
      };
    },
    work: () => ({ commits: 0, rows: {} }),
    async close() {
      worker.postMessage(["close"]);
      await once(worker, "exit");
    },
  };
}

async function serve(directory: string): Promise<void> {
  const port = parentPort;
  if (port === null) return;
  const store = await openBaseline(directory);
  const turns = new Map<number, StoredTurn>();
  let answers: number[] = [];
  const answer = (id: number): void => {
    if (answers.length === 0) {
      queueMicrotask(() => {
        port.postMessage(answers);
        answers = [];
      });
    }
    answers.push(id);
  };
  const take = async (id: number, session: number, call: Call): Promise<void> => {
    if (call.kind === "begin") turns.set(session, await store.begin(session));
    const turn = turns.get(session);
    if (call.kind === "delta") return turn?.delta(call.text);
    if (call.kind === "tool") return turn?.tool(call.update);
    if (call.kind === "acknowledged") await turn?.acknowledged();
    if (call.kind === "finalize") await turn?.finalize();
    answer(id);
  };
  port.on("message", (batch: ToThread[]) => {
    for (const message of batch) {
      if (message === "close") {
        void store.close().then(() => process.exit(0));
      } else void take(...message);
    }
  });
}

if (!isMainThread) await serve(workerData as string);
