/** What tools of a prompt know of what was done before: from the rows of its view, and from what has ended since. */
import type { JsonObject, Message } from "@holdfast/protocol";

type PastCall = { tool: string; input: JsonObject; metadata: JsonObject };

export class PromptMemory {
  readonly #past: PastCall[];

  /** `view`: oldest first. */
  constructor(view: readonly Message[]) {
    this.#past = view.flatMap(({ parts }) =>
      parts.flatMap((part) => {
        if (part.type !== "tool" || (part.state.status !== "completed" && part.state.status !== "error"))
          return [];
        const { input, metadata = {} } = part.state;
        return [{ tool: part.tool, input, metadata }];
      }),
    );
  }

  callEnded(call: PastCall): void {
    this.#past.push(call);
  }

  /** Newest first. */
  past(): PastCall[] {
    return this.#past.toReversed();
  }

  /** Instructions that came with what was read. */
  loaded(): string[] {
    return this.#past.flatMap(({ metadata: { loaded } }) =>
      Array.isArray(loaded) ? loaded.filter((from) => typeof from === "string") : [],
    );
  }
}
