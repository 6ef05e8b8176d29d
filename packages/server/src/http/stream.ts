/**
 * Event streams over HTTP (I-5, D-22): frames go straight to the node response, one write per commit group, because the web framework's
 * stream helper costs six times as much (research: fan-out). A stream ends with its reader, its log, its credential or the server.
 */
import type { ServerResponse } from "node:http";
import type { Credential } from "@holdfast/edge";
import { type Clock, MAX_TIMER_MS, type Timer } from "@holdfast/kernel";
import type { EndReason, Events, Resume, Sink, Subscription, Target } from "../events/index.ts";

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  connection: "close",
};

/**
 * A sink that owns the response: it begins it, and ends or cuts it. The body ends with the connection instead of being cut into chunks, which would make
 * four writes of each: a reader goes on by its cursor whichever way a stream ends (D-22), so it need not know the one from the other.
 */
function openSink(outgoing: ServerResponse): Sink {
  outgoing.removeHeader("transfer-encoding");
  outgoing.writeHead(200, HEADERS);
  outgoing.flushHeaders();
  return {
    write(bytes) {
      if (!outgoing.destroyed) outgoing.write(bytes);
    },
    backlog: () => outgoing.writableLength,
    drained: () => drained(outgoing),
    end(reason: EndReason) {
      if (reason === "overflow" || reason === "failed") outgoing.destroy();
      else outgoing.end();
    },
    onLeave(listener) {
      if (outgoing.destroyed) queueMicrotask(listener);
      else outgoing.once("close", listener);
    },
  };
}

function drained(outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed || !outgoing.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      outgoing.off("drain", finish).off("close", finish);
      resolve();
    };
    outgoing.once("drain", finish).once("close", finish);
  });
}

/** The streams that are open, by the credential that opened them. */
export class Streams {
  readonly #events: Events;
  readonly #clock: Clock;
  readonly #open = new Map<Subscription, string>();

  constructor(events: Events, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  /** Streams a target into a response. Rejects before the response begins with CURSOR_INVALID, NOT_FOUND or SHUTTING_DOWN. */
  async open(
    outgoing: ServerResponse,
    target: Target,
    resume: Resume,
    credential: Credential,
  ): Promise<void> {
    const subscription = await this.#events.subscribe(target, resume, () => openSink(outgoing));
    this.#open.set(subscription, credential.id);
    const lifetime = credential.kind === "browser" ? credential.expires - this.#clock.now() : MAX_TIMER_MS;
    const expiry = this.#clock.after(Math.min(lifetime, MAX_TIMER_MS), () => subscription.close("stopped"));
    void this.#forget(subscription, expiry);
  }

  /** Ends what a revoked credential has open. */
  closeOf(credentialId: string): void {
    for (const [subscription, id] of this.#open) if (id === credentialId) subscription.close("stopped");
  }

  async #forget(subscription: Subscription, expiry: Timer): Promise<void> {
    await subscription.closed;
    expiry.cancel();
    this.#open.delete(subscription);
  }

  closeAll(): void {
    for (const subscription of this.#open.keys()) subscription.close("stopped");
  }
}
