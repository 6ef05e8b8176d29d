import type { Session } from "@holdfast/protocol";
import type { Tone } from "../design/index.ts";

export type Mark = { tone: Tone; label: string; moving?: boolean };

const ATTENTION: Record<Exclude<Session["attention"], "none">, Mark> = {
  permission: { tone: "attention", label: "Asks for permission" },
  question: { tone: "attention", label: "Asks a question" },
  failed: { tone: "danger", label: "The last turn failed" },
  interrupted: { tone: "danger", label: "The last turn was interrupted" },
};

/** The one sign of a session: what it needs comes before what it does. */
export function markOf(session: Session): Mark {
  if (session.attention !== "none") return ATTENTION[session.attention];
  switch (session.status) {
    case "busy":
      return { tone: "busy", label: "Working", moving: true };
    case "retry":
      return { tone: "busy", label: "Waiting to try again", moving: true };
    case "waiting":
      return { tone: "attention", label: "Waiting for you" };
    case "idle":
      return session.queue.paused && session.queue.length > 0
        ? { tone: "attention", label: "The queue is paused" }
        : { tone: "neutral", label: "Idle" };
  }
}
