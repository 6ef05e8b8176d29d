import { EMPTY_SESSION, meetNeed, type SessionState } from "@holdfast/client";
import { useEffect, useState } from "react";
import { Store, useClient, useStore } from "../data/index.ts";
import type { Step } from "./step.ts";
import { NOTHING, TimelineReader, type TimelineView } from "./timeline-reader.ts";

/** Large parts read whole for one step; others of the same step stay out of sight. */
const NEEDS = 20;

/** Reads a session's timeline for as long as the component is there. */
export function useTimelineReader(sessionId: string): { reader: TimelineReader; view: TimelineView } {
  const client = useClient();
  const [{ reader, shown }] = useState(() => {
    const store = new Store<TimelineView>(NOTHING);
    return { reader: new TimelineReader(sessionId, client, (view) => store.set(view)), shown: store };
  });
  useEffect(() => reader.follow(), [reader]);
  return { reader, view: useStore(shown) };
}

export type Past = { step: Step; state: SessionState };

/** The state at a step; until it is rebuilt the one before it stays. */
export function usePast(
  reader: TimelineReader,
  step: Step | undefined,
): { past: Past | undefined; error?: string } {
  const client = useClient();
  const [past, setPast] = useState<Past | undefined>();
  const [error, setError] = useState<string | undefined>();
  const key = step?.key;
  useEffect(() => {
    if (step === undefined) return;
    const stop = new AbortController();
    const { signal } = stop;
    const show = async () => {
      const index = reader.view.steps.findIndex((one) => one.key === key);
      let state = index < 0 ? EMPTY_SESSION : await reader.stateAt(index, signal);
      if (signal.aborted) return;
      setError(undefined);
      setPast({ step, state });
      for (const need of Object.values(state.needs).slice(0, NEEDS)) {
        state = meetNeed(state, need, await client.getPart(need.messageId, need.partId, { signal }));
        if (!signal.aborted) setPast({ step, state });
      }
    };
    show().catch((problem: unknown) => {
      if (!signal.aborted) setError(problem instanceof Error ? problem.message : String(problem));
    });
    return () => stop.abort();
    // The step of a key is the same as long as the key is.
  }, [reader, client, key]);
  return error === undefined ? { past } : { past, error };
}
