import { createContext, type ReactNode, useContext } from "react";
import { useNow } from "../data/index.ts";

const Past = createContext<number | undefined>(undefined);

/** What is inside is shown as it was at `time`, in ms: clocks stand still, and nothing there can be acted on. */
export function PastProvider({ time, children }: { time: number; children: ReactNode }) {
  return <Past value={time}>{children}</Past>;
}

/** Whether the past is shown. */
export const useIsPast = (): boolean => useContext(Past) !== undefined;

/** The time that is shown: now, renewed every `everyMs`, or that of the past. */
export function useMoment(everyMs: number): number {
  const now = useNow(everyMs);
  return useContext(Past) ?? now;
}
