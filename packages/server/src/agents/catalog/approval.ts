/** How an approval mode is held by an agent: by one of its own session modes, and by our answers to what it asks. */
import type { ApprovalMode } from "@holdfast/protocol";
import type { Quirks } from "./quirks.ts";

/** Tool kinds that change nothing, and what else mode `edits` lets pass. */
const HARMLESS = new Set(["read", "search", "think"]);

/** Tool kinds that mode `readOnly` refuses. The last one is the native agent's, for changes outside of the workspace. */
const CHANGING = new Set(["edit", "delete", "move", "execute", "edit_outside"]);

/**
 * What an approval mode answers by itself to a request of this tool kind: allow (`once`), `reject`, or `undefined` when a person or a stored
 * rule decides. Used by the permission room before anybody is asked.
 */
export function autoAllow(mode: ApprovalMode, kind: string): "once" | "reject" | undefined {
  switch (mode) {
    case "all":
      return "once";
    case "edits":
      return kind === "edit" || HARMLESS.has(kind) ? "once" : undefined;
    case "readOnly":
      if (CHANGING.has(kind)) return "reject";
      return HARMLESS.has(kind) ? "once" : undefined;
    case "ask":
      return undefined;
  }
}

/** What agents without a record call their modes, most fitting first. */
const COMMON_NAMES: Record<ApprovalMode, readonly string[]> = {
  ask: ["ask", "default", "approve", "manual"],
  edits: ["edits", "auto-edit", "autoEdit", "acceptEdits", "ask", "default", "approve", "manual"],
  all: ["all", "auto", "yolo", "bypassPermissions", "full-access", "ask", "default", "approve", "manual"],
  readOnly: ["readOnly", "read-only", "plan", "chat", "ask", "default", "approve", "manual"],
};

/**
 * How to hold a mode: by this session mode; by the first of these that it takes, because it did not say which it has; as the agent is (`unset`:
 * nobody has to be asked); or not at all.
 */
export type Hold =
  | { by: "mode"; modeId: string }
  | { by: "trying"; modeIds: readonly string[] }
  | { by: "unset" }
  | { by: "none" };

/** What an agent said of its modes when its session was opened. An answer to load or resume may leave them out, and then they are untold. */
export type OfferedModes = readonly string[] | "none" | "untold";

/** Which of the agent's session modes holds `mode`. */
export function holdMode(mode: ApprovalMode, quirks: Quirks, offered: OfferedModes): Hold {
  const named = quirks.modes === "guess" ? COMMON_NAMES[mode] : [quirks.modes[mode] ?? []].flat();
  if (offered === "untold") return { by: "trying", modeIds: named };
  const modeId = named.find((name) => offered !== "none" && offered.includes(name));
  if (modeId !== undefined) return { by: "mode", modeId };
  return mode === "all" ? { by: "unset" } : { by: "none" };
}

/** The modes that can be held, as far as known: by the record, else by what was learnt of its modes; all of them while that is unknown. */
export function heldModes(quirks: Quirks, hasModes: "yes" | "no" | "unknown"): ApprovalMode[] {
  const all: ApprovalMode[] = ["ask", "edits", "all", "readOnly"];
  if (quirks.modes !== "guess") {
    const { modes } = quirks;
    return all.filter((mode) => mode === "all" || modes[mode] !== undefined);
  }
  return hasModes === "no" ? ["all"] : all;
}
