import type { BackendKind, Features } from "@holdfast/protocol";

/**
 * What an input may ask of every agent of a kind, or of none: known without running one. ACP has no words for a choice of tools, a variant of
 * a model or an agent below the agent; opencode's `tools` would take the place of the permission rules that hold our approval modes. The native agent is
 * ours: all of it is known.
 */
export const KIND_FEATURES = {
  acp: { tools: "no", variant: "no", subagents: "no" },
  opencode: { tools: "no", variant: "yes", subagents: "yes", mcpHttp: "yes", mcpSse: "yes" },
  native: {
    load: "no",
    resume: "yes",
    list: "no",
    close: "yes",
    images: "yes",
    embeddedContext: "yes",
    steer: "yes",
    modes: "yes",
    usage: "yes",
    tools: "yes",
    variant: "yes",
    subagents: "no",
    mcpHttp: "yes",
    mcpSse: "yes",
  },
} as const satisfies Record<BackendKind, Partial<Features>>;
