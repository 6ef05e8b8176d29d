import { type FeedEvent, type Session, type Turn, visibleText } from "@holdfast/protocol";
import type { Preferences } from "../data/index.ts";

export type Notice = { tag: string; title: string; body: string; sessionId: string };

/** What an event is worth telling somebody who does not look. No content of a session leaves the page: only that there is something. Pure. */
export function noticeOf(
  event: FeedEvent,
  sessions: ReadonlyMap<string, Session>,
  wanted: Preferences["notify"],
): Notice | undefined {
  const { sessionId } = event;
  if (sessionId === undefined) return undefined;
  const title = visibleText(sessions.get(sessionId)?.title ?? "A session", "words");
  const notice = (body: string): Notice => ({ tag: `holdfast ${sessionId}`, title, body, sessionId });
  switch (event.type) {
    case "permission.asked":
    case "question.asked":
      return wanted.attention ? notice("Waits for your answer.") : undefined;
    case "turn.completed":
      return wanted.finished ? notice("Is done.") : undefined;
    case "turn.failed":
      return wanted.attention || wanted.finished ? notice("Failed.") : undefined;
    case "turn.aborted": {
      const { turn } = event.data as { turn: Turn };
      return (wanted.attention || wanted.finished) && turn.reason !== "cancelled"
        ? notice("Was interrupted.")
        : undefined;
    }
    default:
      return undefined;
  }
}
