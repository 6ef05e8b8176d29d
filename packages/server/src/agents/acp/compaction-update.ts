import type { ContentEvent } from "../port.ts";
import { isObject } from "./wire-message.ts";

/**
 * ACP has no word for it: an agent may say in the `_meta` of an update of its session's state that what it says next is a summary that takes the place of
 * what it knew (`{auto, overflow?}`), and with `null` that the summary is whole.
 */
const KEY = "holdfast/compaction";

type Told = { auto: boolean; overflow?: boolean };

/** Tells an agent's summaries as steps of their own. The ids of steps are ours, for ACP knows none. */
export class CompactionUpdates {
  #count = 0;
  #open: Told | undefined;
  #isNamed = false;

  /** A prompt begins: what is said first in it is a step without a name. */
  beginPrompt(): void {
    this.#open = undefined;
    this.#isNamed = false;
  }

  /** What an update says of summaries; nothing when it says nothing that can be read. */
  eventsOf(update: Record<string, unknown>): ContentEvent[] {
    const told = isObject(update["_meta"]) ? update["_meta"][KEY] : undefined;
    if (told === null) return this.#end();
    if (!isObject(told) || typeof told["auto"] !== "boolean") return [];
    const { auto, overflow } = told;
    return [...this.#end(), ...this.#begin({ auto, ...(overflow === true ? { overflow } : {}) })];
  }

  #begin(told: Told): ContentEvent[] {
    this.#count += 1;
    this.#open = told;
    const before: ContentEvent[] = this.#isNamed ? [] : [{ type: "step", stepId: `before ${this.#count}` }];
    this.#isNamed = true;
    const stepId = this.#stepId;
    return [
      ...before,
      { type: "step", stepId, summary: true },
      { type: "compaction", stepId, ...told, isDone: false },
    ];
  }

  #end(): ContentEvent[] {
    const told = this.#open;
    if (told === undefined) return [];
    this.#open = undefined;
    return [
      { type: "compaction", stepId: this.#stepId, ...told, isDone: true },
      { type: "step", stepId: `after ${this.#count}` },
    ];
  }

  get #stepId(): string {
    return `summary ${this.#count}`;
  }
}
