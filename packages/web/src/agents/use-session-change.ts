import type { PatchSession } from "@holdfast/protocol";
import { useState } from "react";
import { useClient } from "../data/index.ts";

/** Changes a session over the API; `problem` says why the last change was refused. What it is now comes as an event. */
export function useSessionChange(id: string): {
  change: (patch: PatchSession) => void;
  problem: string | undefined;
} {
  const client = useClient();
  const [problem, setProblem] = useState<string | undefined>();
  const change = (patch: PatchSession) => {
    setProblem(undefined);
    client.patchSession(id, patch).catch((error: unknown) => {
      setProblem(error instanceof Error ? error.message : String(error));
    });
  };
  return { change, problem };
}
