/** A model that does the same again and again (session-model 11.2). Pure. */
import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "@holdfast/protocol";

/** So many equal calls in a row are one. */
const DOOM_LOOP_CALLS = 3;

/** The calls of a prompt, over all of its steps. */
export class DoomLoop {
  #last: { tool: string; input: JsonObject } | undefined;
  #equal = 0;

  /** Whether this call is one too many. It is asked about once, and counted from there anew. */
  isAt(tool: string, input: JsonObject): boolean {
    const call = { tool, input };
    this.#equal = isDeepStrictEqual(call, this.#last) ? this.#equal + 1 : 1;
    this.#last = call;
    if (this.#equal < DOOM_LOOP_CALLS) return false;
    this.#equal = 0;
    return true;
  }
}
