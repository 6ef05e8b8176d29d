/** What the end of a turn makes of its record and of its open parts (durability section 5). */
import { type Part, transitionTool } from "@holdfast/protocol";
import type { TerminalRecord } from "../port.ts";

/** What a recorded cancel makes of any end (D-10), `superseded` where it was for an input that comes next. */
export function cancelled(record: TerminalRecord, reason: "cancelled" | "superseded"): TerminalRecord {
  const { usage, finish, agentSession, tries, files } = record;
  return {
    state: "aborted",
    reason,
    error: { name: "MessageAbortedError", data: { message: STOPPED[reason] } },
    usage,
    finish,
    agentSession,
    tries,
    files,
  };
}

const STOPPED = { cancelled: "Stopped.", superseded: "Stopped for a newer message." } as const;

/** Whether it ended by its work or because somebody stopped it, and not with the server that ran it. */
export const isWorked = ({ reason }: TerminalRecord): boolean =>
  reason !== "interrupted" && reason !== "shutdown";

/** The part as the end of its turn leaves it: open text is closed, and a call that still runs becomes an error that says it was interrupted, its output kept. */
export function settled(part: Part, now: number): Part {
  if (part.type === "text") return { ...part, time: { start: part.time?.start ?? now, end: now } };
  if (part.type === "reasoning") return { ...part, time: { ...part.time, end: now } };
  if (part.type !== "tool") return part;
  return { ...part, state: transitionTool(part.state, { type: "interrupt", at: now }) };
}
