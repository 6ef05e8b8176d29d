import type { AuditEntry } from "@holdfast/protocol";
import { useEffect, useState } from "react";
import { Exact, dateTime, Skeleton } from "../design/index.ts";
import { actionWords } from "./words.ts";

/** A detail that is an id says nothing to a person. */
const ID = /^[a-z]{3}_[0-9a-z]{26}$/;

/** Who used what when (S-16): a write is a line of its own; what one address read in an hour is one. */
export function AuditList({ read }: { read: () => Promise<readonly AuditEntry[]> }) {
  const [entries, setEntries] = useState<readonly AuditEntry[] | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const [first] = useState(() => read);
  useEffect(() => {
    first().then(setEntries, (error: unknown) =>
      setProblem(error instanceof Error ? error.message : String(error)),
    );
  }, [first]);
  if (problem !== undefined)
    return (
      <p role="alert" className="text-xs text-danger">
        {problem}
      </p>
    );
  if (entries === undefined) return <Skeleton lines={2} label="Reading who looked" />;
  if (entries.length === 0) return <p className="text-xs text-ink-soft">Nobody yet.</p>;
  return (
    <ul
      aria-label="Who looked"
      tabIndex={0}
      className="max-h-48 divide-y divide-line overflow-auto rounded-md border border-line text-xs"
    >
      {entries.map((entry, index) => (
        <li key={index} className="flex flex-wrap gap-x-3 px-2.5 py-1.5">
          <span className="min-w-0 flex-1 basis-32">
            {actionWords(entry.action)}
            {entry.count > 1 && ` ×${entry.count.toLocaleString()}`}
            {entry.detail !== undefined && !ID.test(entry.detail) && (
              <>
                {": "}
                <Exact text={entry.detail} as="words" />
              </>
            )}
          </span>
          <Exact text={entry.peer} className="font-mono text-ink-soft" />
          <span className="text-ink-faint">{dateTime(entry.last)}</span>
        </li>
      ))}
    </ul>
  );
}
