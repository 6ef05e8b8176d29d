import type { Clock } from "@holdfast/kernel";
import type { ShareMethod, ShareResult } from "@holdfast/protocol";
import type { ShareAnswer, ShareCall, ShareTransport } from "./share-transport.ts";

/** How long a way that gave no answer is left alone, in ms. */
const REST_MS = 60_000;

/**
 * Several ways to one service, the first that works (S-31). A way that is not there is passed over at once. One that gave no answer is not asked again for a while: who resends the same
 * bytes does it by the next one. The last way is always asked.
 */
export function createFallbackTransport(
  ways: readonly ShareTransport[],
  clock: Pick<Clock, "monotonic">,
): ShareTransport {
  const [first] = ways;
  if (first === undefined) throw new RangeError("There is no way to the service.");
  const restsUntil = new Map<ShareTransport, number>();
  const isAsked = (way: ShareTransport): boolean =>
    way === ways.at(-1) || clock.monotonic() >= (restsUntil.get(way) ?? 0);
  return {
    async call<M extends ShareMethod>(call: ShareCall<M>): Promise<ShareAnswer<ShareResult<M>>> {
      let answer: ShareAnswer<ShareResult<M>> = { outcome: "missing", reason: "no way" };
      for (const way of ways.filter(isAsked)) {
        answer = await way.call(call);
        if (answer.outcome === "missing" || answer.outcome === "unknown")
          restsUntil.set(way, clock.monotonic() + REST_MS);
        if (answer.outcome !== "missing") return answer;
      }
      return answer;
    },
    putBlob: (blob) => (ways.at(-1) ?? first).putBlob(blob),
    close() {
      for (const way of ways) way.close();
    },
  };
}
