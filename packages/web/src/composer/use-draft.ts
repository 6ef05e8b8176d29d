import { useCallback, useEffect, useRef, useState } from "react";
import { type Draft, readDraft, writeDraft } from "./draft.ts";

/** How long after a key stroke the draft is written, in ms; leaving the page writes it at once. */
const WRITE_MS = 200;

/** The draft of a session, kept across reloads. */
export function useDraft(sessionId: string): [Draft, (change: (draft: Draft) => Draft) => void] {
  const [draft, setDraft] = useState(() => readDraft(sessionId));
  const latest = useRef(draft);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const write = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = undefined;
    writeDraft(sessionId, latest.current);
  }, [sessionId]);

  const change = useCallback(
    (next: (draft: Draft) => Draft) => {
      latest.current = next(latest.current);
      setDraft(latest.current);
      timer.current ??= setTimeout(write, WRITE_MS);
    },
    [write],
  );

  useEffect(() => {
    const flush = () => timer.current !== undefined && write();
    window.addEventListener("pagehide", flush);
    return () => {
      window.removeEventListener("pagehide", flush);
      flush();
    };
  }, [write]);

  return [draft, change];
}
