import type { ShareHello } from "@holdfast/protocol";
import type { ShareBatch, StoredShare } from "../store/index.ts";

/** `goOn`: the service is where we left it, or where the frozen batch ends. `committed`: readers see the stream, only the answer was lost. `resync`: anything else. */
type Agreement = "goOn" | "committed" | "resync";

type Place = NonNullable<ShareHello["live"]>;

/** Holds what is stored here against the service's hello (S-6). */
export function reconcile(
  { stream }: Pick<StoredShare, "stream">,
  batch: ShareBatch | undefined,
  hello: Pick<ShareHello, "live" | "staged">,
): Agreement {
  // What was not begun is begun again: the same id answers the same.
  if (stream === undefined || !stream.begun) return "goOn";
  const isOurs = (place: Place | undefined): boolean =>
    place !== undefined &&
    place.stream === stream.id &&
    ((place.cursor === stream.cursor && place.chain === stream.chain) ||
      (batch !== undefined && place.cursor === batch.lastSeq && place.chain === batch.chain));
  if (isOurs(hello.live)) return stream.committed ? "goOn" : "committed";
  return !stream.committed && isOurs(hello.staged) ? "goOn" : "resync";
}
