import type { PermissionAsk, ToolUpdate } from "./port.ts";

/** Calls of one prompt that are remembered; older ones are forgotten first. */
const MAX_CALLS = 1_000;

/** Arguments that hold a path, in the agents' own spelling. */
const PATH_ARGUMENTS = ["path", "file_path", "filePath", "absolute_path", "notebook_path"];

/**
 * What was said of each call of the running prompt, so that a permission request that names only the call can be shown whole, and one
 * that brings the arguments completes the call.
 */
export class ToolMemory {
  readonly #calls = new Map<string, ToolUpdate>();

  /** Adds what an update says to what is known of the call. */
  merge(update: ToolUpdate): void {
    const known = this.#calls.get(update.callId);
    const merged = { ...known, ...update };
    // Outputs may be large and are of no use to whoever decides.
    delete merged.output;
    delete merged.attachments;
    this.#calls.delete(update.callId);
    this.#calls.set(update.callId, merged);
    const oldest = this.#calls.size > MAX_CALLS ? this.#calls.keys().next().value : undefined;
    if (oldest !== undefined) this.#calls.delete(oldest);
  }

  find(callId: string): ToolUpdate | undefined {
    return this.#calls.get(callId);
  }

  clear(): void {
    this.#calls.clear();
  }
}

/** The request as a person and the rules see it: whole arguments, and what a stored rule would match. */
export function permissionAskOf(call: ToolUpdate): PermissionAsk {
  const kind = call.kind ?? "other";
  const args = call.input ?? (call.raw === undefined ? {} : { raw: call.raw });
  return {
    callId: call.callId,
    tool: call.tool ?? kind,
    title: call.title ?? call.tool ?? kind,
    kind,
    args: Object.keys(args).length === 0 && call.diffs !== undefined ? { diffs: call.diffs } : args,
    patterns: patternsOf(call),
  };
}

/** The command of a call that runs one, else the paths that it names, shows or changes. */
function patternsOf(call: ToolUpdate): string[] {
  const { input = {} } = call;
  const command = input["command"];
  if (typeof command === "string") return [command];
  const named = PATH_ARGUMENTS.map((name) => input[name]).filter((path) => typeof path === "string");
  const shown = [...(call.diffs ?? []), ...(call.locations ?? [])].map(({ path }) => path);
  return [...new Set([...named, ...shown])];
}
