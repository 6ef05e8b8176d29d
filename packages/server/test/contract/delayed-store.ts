import type { Message, SessionId } from "@holdfast/protocol";
import type { Store } from "../../src/store/index.ts";

/** Most ms that a call is held back. */
const MOST_MS = 20;

/**
 * The same store behind a door that holds every call back for 0 to 20 ms, from a seeded sequence: calls made at once arrive in another order and
 * spread over several commits, as they do on an engine behind a network. `findReplay` alone arrives behind everything that was sent before it.
 */
export function delayedStore(store: Store, seed: number): Store {
  const pause = pauses(seed);
  let arrived: Promise<unknown> = Promise.resolve();
  return new Proxy(store, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== "function" || SYNCHRONOUS.has(name)) return member;
      if (name === "streamMessages") return (id: SessionId) => delayedStream(store.streamMessages(id), pause);
      return async (...args: unknown[]) => {
        const own = pause();
        const all = Promise.all([arrived, own]);
        arrived = all;
        await (name === "findReplay" ? all : own);
        return (member as (...args: unknown[]) => Promise<unknown>).apply(target, args);
      };
    },
  });
}

const SYNCHRONOUS = new Set<string | symbol>(["onCommit", "onFatal", "pendingBytes", "stats"]);

async function* delayedStream(
  messages: AsyncIterable<Message>,
  pause: () => Promise<void>,
): AsyncGenerator<Message> {
  await pause();
  yield* messages;
}

/** A linear congruential sequence (constants of Numerical Recipes): the order of delays is the seed's alone. */
function pauses(seed: number): () => Promise<void> {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const ms = (state / 2 ** 32) * MOST_MS;
    return new Promise((resolve) => setTimeout(resolve, ms));
  };
}
