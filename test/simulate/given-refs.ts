/** Refs that readers were given, and which of them have ended: from the answer of the service on that says so, none of them ever works again. */
import type { RefId, ShareArgs, ShareMethod, ShareResult } from "@holdfast/protocol";
import type { HeldRef } from "../../packages/server/src/store/index.ts";

type Given = { secret: string; epoch: number | undefined; expiresAt: number | undefined };

/** Which side was put back to before a ref had ended. */
type Forgetful = "publisher" | "service";

export class GivenRefs {
  readonly #given = new Map<RefId, Given>();
  /** Secrets, with the step at which they ended and who does not know of it any more. */
  readonly #ended = new Map<string, { step: number; forgottenBy: Set<Forgetful> }>();
  #isCopied = false;
  /** Somebody else than a publisher asks. */
  #isElsewhere = false;

  give({ refId, secret }: HeldRef, expiresAt?: number): void {
    this.#given.set(refId, { secret, epoch: undefined, expiresAt });
  }

  has(secret: string): boolean {
    return this.#ended.has(secret);
  }

  get ended(): string[] {
    return [...this.#ended.keys()];
  }

  /** Refs that are over by the clock and did not end before. */
  due(now: number): string[] {
    return [...this.#given.values()]
      .filter(({ epoch, expiresAt }) => epoch !== undefined && expiresAt !== undefined && expiresAt <= now)
      .filter(({ secret }) => !this.has(secret))
      .map(({ secret }) => secret);
  }

  end(secret: string, step: number): void {
    const forgottenBy = new Set<Forgetful>(this.#isCopied || this.#isElsewhere ? ["publisher"] : []);
    if (!this.has(secret)) this.#ended.set(secret, { step, forgottenBy });
  }

  /** The publisher's directory was copied: what ends from here on the copy does not know, and it may be the one that goes on. */
  copied(): void {
    this.#isCopied = true;
  }

  /** What is ended by this is known to the service alone. */
  async elsewhere<T>(ask: () => Promise<T>): Promise<T> {
    this.#isElsewhere = true;
    try {
      return await ask();
    } finally {
      this.#isElsewhere = false;
    }
  }

  /** What the service answered, whether the answer arrived or not. */
  hear(method: ShareMethod, args: unknown, result: unknown, step: number): void {
    switch (method) {
      case "attenuate": {
        const { ref } = result as ShareResult<"attenuate">;
        const given = this.#given.get(ref.id);
        if (given !== undefined) given.epoch ??= ref.epoch;
        return;
      }
      case "revokeCapability": {
        const given = this.#given.get((args as ShareArgs<"revokeCapability">).refId);
        if (given !== undefined) this.end(given.secret, step);
        return;
      }
      case "bumpEpoch": {
        const { from } = args as ShareArgs<"bumpEpoch">;
        for (const { secret, epoch } of this.#given.values())
          if (epoch !== undefined && epoch <= from) this.end(secret, step);
        return;
      }
      case "revokeShare":
        for (const { secret } of this.#given.values()) this.end(secret, step);
        return;
      default:
    }
  }

  /** A side was put back to what it was at `step`. What both have forgotten nobody knows. */
  forget(side: Forgetful, step: number): void {
    for (const [secret, end] of this.#ended) {
      if (end.step < step) continue;
      end.forgottenBy.add(side);
      if (end.forgottenBy.size === 2) this.#ended.delete(secret);
    }
  }
}
