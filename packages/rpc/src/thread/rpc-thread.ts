/** The thread that runs capnweb (S-29): sessions by number, each behind its gate. What breaks here ends the thread and nothing else. */
import { parentPort } from "node:worker_threads";
import { Gate, Refusal } from "../gate/index.ts";
import { RPC_LIMITS } from "../limits.ts";
import type { FromThread, ToThread } from "../wire.ts";
import { errorOf } from "./rpc-error.ts";
import { Session } from "./session.ts";

type Open = { session: Session; gate: Gate; texts: string[] | undefined };

const OPEN = new Map<number, Open>();

const post = (words: FromThread): void => parentPort?.postMessage(words);

function open({ session: id, methods, main }: Extract<ToThread, { type: "open" }>): void {
  const gate = new Gate(new Set(methods));
  const entry: Open = {
    gate,
    texts: undefined,
    session: new Session(gate, main, (words) => {
      if (words.type === "ended") OPEN.delete(id);
      if (words.type === "text" && entry.texts !== undefined) entry.texts.push(words.text);
      else post({ ...words, session: id } as FromThread);
    }),
  };
  OPEN.set(id, entry);
}

function hear(id: number, entry: Open, text: string): void {
  try {
    if (entry.gate.admit(text) === "end") return end(id, entry);
    entry.session.hear(text);
    if (entry.session.isFull) throw new Refusal(`At most ${RPC_LIMITS.liveExports} stubs are held at once.`);
  } catch (error) {
    refuse(id, entry, error);
  }
  post({ type: "took", session: id, length: text.length });
}

/** All of it is looked at before capnweb gets any of it. */
async function hearBatch(id: number, entry: Open, text: string): Promise<void> {
  entry.texts = [];
  try {
    const messages = text === "" ? [] : text.split("\n");
    if (messages.length > RPC_LIMITS.batchMessages)
      throw new Refusal(`A batch has at most ${RPC_LIMITS.batchMessages} messages.`);
    let calls = 0;
    for (const message of messages) {
      const admitted = entry.gate.admit(message);
      if (admitted === "end") throw new Refusal("A batch ends by itself.");
      if (admitted === "call") calls += 1;
    }
    if (calls > RPC_LIMITS.batchCalls)
      throw new Refusal(`A batch has at most ${RPC_LIMITS.batchCalls} calls.`);
    for (const message of messages) entry.session.hear(message);
    await entry.session.settled();
    if (OPEN.get(id) !== entry) return;
    post({ type: "batch", session: id, texts: entry.texts });
    end(id, entry);
  } catch (error) {
    refuse(id, entry, error);
  }
}

function refuse(id: number, entry: Open, error: unknown): void {
  if (OPEN.get(id) !== entry) return;
  post({
    type: "refused",
    session: id,
    reason: error instanceof Refusal ? error.message : "The messages do not go together.",
  });
  end(id, entry);
}

function end(id: number, entry: Open): void {
  if (!OPEN.delete(id)) return;
  entry.session.close();
  post({ type: "ended", session: id });
}

parentPort?.on("message", (words: ToThread) => {
  if (words.type === "ping") return post({ type: "pong", ping: words.ping });
  if (words.type === "open") return open(words);
  const entry = OPEN.get(words.session);
  if (entry === undefined) return;
  switch (words.type) {
    case "text":
      return hear(words.session, entry, words.text);
    case "batch":
      return void hearBatch(words.session, entry, words.text);
    case "outcome":
      return entry.session.settle(words.call, words.outcome);
    case "chunks":
      return entry.session.chunks(words.stream, words.chunks);
    case "streamEnd":
      return entry.session.endStream(
        words.stream,
        words.error === undefined ? undefined : errorOf(words.error),
      );
    case "close":
      OPEN.delete(words.session);
      return entry.session.close();
  }
});

post({ type: "ready" });
