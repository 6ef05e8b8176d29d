import type { ServerResponse } from "node:http";
import { type Credential, openEventStream } from "@holdfast/edge";
import { type Clock, MAX_TIMER_MS, type Timer } from "@holdfast/kernel";
import type { Events, Resume, Subscription, Target } from "../events/index.ts";
import { createEventSink } from "./event-sink.ts";

/** The streams that are open, by the credential that opened them: one ends with its reader, its log, its credential or the server. */
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
    const openSink = () => createEventSink(openEventStream(outgoing), target, this.#clock);
    const subscription = await this.#events.subscribe(target, resume, openSink);
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
