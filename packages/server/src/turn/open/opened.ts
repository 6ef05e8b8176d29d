import type { Opened, OpenedBy } from "@holdfast/protocol";
import type { AgentHandle } from "../../agents/index.ts";

/**
 * How a turn found its agent: the backend session it knew is `resumed`, the first one is `new`; another one in its place is `replayed`
 * when a handoff tells it what was before, else `lost`. `known` is the backend's id that was stored before the opening.
 */
export function openedAs(
  known: string | undefined,
  handle: Pick<AgentHandle, "openedBy" | "backendSessionId">,
  live: boolean,
  hasHandoff: boolean,
): { opened: Opened; openedBy: OpenedBy } {
  if (live) return { opened: "resumed", openedBy: "live" };
  const { openedBy, backendSessionId } = handle;
  if (known === undefined) return { opened: "new", openedBy };
  const isSame = openedBy !== "create" && backendSessionId === known;
  return { opened: isSame ? "resumed" : hasHandoff ? "replayed" : "lost", openedBy };
}
