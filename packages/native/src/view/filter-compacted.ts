/**
 * The rows that the model still gets, after a summary took the place of older ones (session-model 16). Pure.
 *
 *   rows  u1 a1 u2 a2 S u3 a3      S is a step of this agent: `summary`, with a compaction part in it
 *   view  S [u2 a2] u3 a3          its tail: kept whole, from the compaction's `tailStartId` to S
 *
 * A compaction that came of an overflow keeps one message instead: what the user asked last, which is asked again behind the summary.
 */
import type { Message } from "@holdfast/protocol";
import { compactionOf, isBoundary, isSummary } from "./row.ts";

/** Reads no further than it has to. A tail that is not found is none: the whole history would be what did not fit. */
export async function filterCompacted(
  newestFirst: AsyncIterable<Message> | Iterable<Message>,
): Promise<Message[]> {
  const rest: Message[] = [];
  const tail: Message[] = [];
  let boundary: Message | undefined;
  let tailStartId: string | undefined;
  for await (const message of newestFirst) {
    if (boundary === undefined) {
      if (!isBoundary(message)) {
        rest.push(message);
        continue;
      }
      boundary = message;
      tailStartId = compactionOf(message)?.tailStartId;
      if (tailStartId === undefined) break;
      continue;
    }
    const isStart = message.info.id === tailStartId;
    const isKept = compactionOf(boundary)?.overflow === true ? isStart : !isSummary(message);
    if (isKept) tail.push(message);
    if (isStart) return [boundary, ...tail.reverse(), ...rest.reverse()];
  }
  return [...(boundary === undefined ? [] : [boundary]), ...rest.reverse()];
}
