import { type Clock, within } from "@holdfast/kernel";
import type { Log } from "./log.ts";
import { QUEUE_BYTES, type Subscriber } from "./subscriber.ts";

/** Log rows read per page of a replay, and the least when rows are large; a page holds no statement open (D-24). */
const PAGE_ROWS = 500;
const PAGE_ROWS_LEAST = 16;
/** Bytes that a page should stay under. */
const PAGE_BYTES = QUEUE_BYTES / 4;
/** How long a replay waits for a reader that takes nothing, in ms. */
export const STALL_MS = 60_000;

/**
 * Replays a log from `after` and goes over to live without a gap (D-22): pages are read while nobody is registered until one reaches the
 * end, then `register` makes the hub keep what is committed from here on, and what came in between is read from the log.
 */
export async function catchUp<P>(
  log: Log<P>,
  subscriber: Subscriber<P>,
  after: P,
  register: () => void,
  clock: Clock,
): Promise<void> {
  const size = { rows: PAGE_ROWS };
  const readPage = async (): Promise<boolean> => {
    const page = await log.replay(subscriber.through, size.rows);
    const bytes = subscriber.sendPage(page);
    if (bytes > PAGE_BYTES) size.rows = Math.max(PAGE_ROWS_LEAST, size.rows >> 1);
    else if (bytes < PAGE_BYTES / 4) size.rows = Math.min(PAGE_ROWS, size.rows << 1);
    await drain(subscriber, clock);
    return page.done;
  };
  subscriber.startAt(after);
  while (!subscriber.isClosed && !(await readPage()));
  if (subscriber.isClosed) return;
  register();
  while (!subscriber.isClosed && !(await readPage()) && !subscriber.isBridged);
  subscriber.goLive();
}

async function drain<P>(subscriber: Subscriber<P>, clock: Clock): Promise<void> {
  if (subscriber.isClosed || subscriber.sink.backlog() === 0) return;
  const taken = await within(
    clock,
    STALL_MS,
    subscriber.sink.drained().then(() => true),
  );
  if (taken === undefined) subscriber.close("overflow");
}
