/** Ids and tools of calls as every provider takes them. */
import type { ToolPart } from "@holdfast/protocol";

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const MOST = 64;

/** What a call and its result are named by in one view. */
export class CallNames {
  readonly #given = new Set<string>();

  /**
   * Agents number the calls of each answer anew, and call them as they like; providers refuse an id that comes twice. What a model called by
   * itself keeps its id; any other is named by its part.
   */
  of({ id, callId, tool }: ToolPart, isSame: boolean): { toolCallId: string; toolName: string } {
    const isFree = isSame && ID.test(callId) && !this.#given.has(callId);
    const toolCallId = isFree ? callId : id.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, MOST);
    this.#given.add(toolCallId);
    return { toolCallId, toolName: toolName(tool) };
  }
}

/** Other agents' tools have names for people. */
function toolName(tool: string): string {
  const name = tool.replaceAll(/[^A-Za-z0-9_-]+/g, "_").slice(0, MOST);
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`.slice(0, MOST);
}
