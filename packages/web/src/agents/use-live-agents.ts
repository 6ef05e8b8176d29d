import type { LiveAgentList } from "@holdfast/protocol";
import { useCallback, useEffect, useState } from "react";
import { useClient } from "../data/index.ts";

/** Between two looks, in ms: what is live is no event, and the answer comes from the server's memory. */
const LOOK_MS = 2_000;
/** A server that hangs is looked at again, in ms. */
const ANSWER_MS = 10_000;

export type LiveAgents = {
  live: LiveAgentList | undefined;
  /** When `live` was read, in ms. */
  at: number;
  /** Why the last look failed; what was read before it stays. */
  problem: string | undefined;
  look: () => void;
};

/** What is live, looked at again and again while somebody sees the page. */
export function useLiveAgents(): LiveAgents {
  const client = useClient();
  const [state, setState] = useState<Omit<LiveAgents, "look">>({
    live: undefined,
    at: 0,
    problem: undefined,
  });
  const [round, setRound] = useState(0);
  const look = useCallback(() => setRound((before) => before + 1), []);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = async () => {
      clearTimeout(timer);
      if (document.hidden) return;
      try {
        const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(ANSWER_MS)]);
        const live = await client.listLiveAgents({ signal });
        if (!stop.signal.aborted) setState({ live, at: Date.now(), problem: undefined });
      } catch (error) {
        if (stop.signal.aborted) return;
        const problem = error instanceof Error ? error.message : String(error);
        setState((before) => ({ ...before, problem }));
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void next(), LOOK_MS);
    };
    const seen = () => void next();
    document.addEventListener("visibilitychange", seen);
    void next();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [client, round]);
  return { ...state, look };
}
