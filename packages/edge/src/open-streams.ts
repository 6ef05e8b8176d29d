import { type Clock, MAX_TIMER_MS } from "@holdfast/kernel";
import type { Access, Credential } from "./access.ts";

/** Something that goes on until somebody ends it; closing it again changes nothing. */
export type OpenStream = { readonly closed: Promise<unknown>; close(reason: "stopped"): void };

/** The streams that are open, of all surfaces, by the credential that opened them: none outlives it (I-6). */
export class OpenStreams {
  readonly #clock: Clock;
  readonly #open = new Map<OpenStream, string>();

  constructor(clock: Clock, access: Pick<Access, "onRevoked">) {
    this.#clock = clock;
    access.onRevoked((id) => this.#closeOf(id));
  }

  keep(stream: OpenStream, credential: Credential): void {
    this.#open.set(stream, credential.id);
    const lifetime = credential.kind === "server" ? MAX_TIMER_MS : credential.expires - this.#clock.now();
    const expiry = this.#clock.after(Math.min(lifetime, MAX_TIMER_MS), () => stream.close("stopped"));
    void stream.closed.finally(() => {
      expiry.cancel();
      this.#open.delete(stream);
    });
  }

  /** Ends what a revoked credential has open. */
  #closeOf(credentialId: string): void {
    for (const [stream, id] of this.#open) if (id === credentialId) stream.close("stopped");
  }

  closeAll(): void {
    for (const stream of this.#open.keys()) stream.close("stopped");
  }
}
