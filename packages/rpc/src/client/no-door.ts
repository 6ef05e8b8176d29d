import type { Clock } from "@holdfast/kernel";

/** There was an answer, and it is none of capnweb: the door refused the messages whole, or there is none. */
export class NoDoor extends Error {
  readonly status: number;
  /** What was said instead. */
  readonly text: string;
  readonly retryAfter: string | null;

  constructor(status: number, text = "", retryAfter: string | null = null) {
    super(`status ${status}`);
    this.status = status;
    this.text = text;
    this.retryAfter = retryAfter;
  }
}

/** `deadlineMs`: for one call and its connection. `mostBytes`: of an answer. */
export type ClientOptions = { url: URL; clock: Pick<Clock, "after">; deadlineMs: number; mostBytes: number };
