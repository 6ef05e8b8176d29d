import { hasPausedQueue, limitAt, type Session } from "@holdfast/protocol";
import type { Tone } from "../design/index.ts";

export type Mark = { tone: Tone; label: string; moving?: boolean };

const ATTENTION: Record<Exclude<Session["attention"], "none">, Mark> = {
  permission: { tone: "attention", label: "Asks for permission" },
  question: { tone: "attention", label: "Asks a question" },
  failed: { tone: "danger", label: "The last turn failed" },
  interrupted: { tone: "danger", label: "The last turn was interrupted" },
};

/** The one sign of a session: what it needs comes before what it does. */
export function markOf(session: Session, now = Date.now()): Mark {
  const mark = markOfWork(session, now);
  if (!hasPausedQueue(session)) return mark;
  if (session.attention === "none" && session.status === "idle")
    return { tone: "attention", label: "The queue is paused" };
  return { ...mark, label: `${mark.label}; the queue is paused` };
}

function markOfWork(session: Session, now: number): Mark {
  if (session.status === "idle" && limitAt(session, now) !== undefined)
    return { tone: "attention", label: "At its usage limit" };
  if (session.attention !== "none") return ATTENTION[session.attention];
  switch (session.status) {
    case "busy":
      return { tone: "busy", label: "Working", moving: true };
    case "retry":
      return { tone: "busy", label: "Waiting to try again", moving: true };
    case "waiting":
      return { tone: "attention", label: "Waiting for you" };
    case "idle":
      // Another session of its directory, a place among the agents: the session itself tells for what.
      return session.queue.length > 0
        ? { tone: "busy", label: "Waiting to begin" }
        : { tone: "neutral", label: "Idle" };
  }
}
