import type { SessionId } from "@holdfast/protocol";
import type { ProgressOp, Store } from "../../store/index.ts";

/** The title a session has until somebody gives it one (session-model 1.2). */
const DEFAULT_TITLE = /^(New|Child) session - \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Longest title taken from an agent, in characters (session-model 14.4). */
const TITLE_LENGTH = 100;

export const isDefaultTitle = (title: string): boolean => DEFAULT_TITLE.test(title);

/** An agent's title as it may be stored: its first line that is not empty, cut to length; `undefined` when there is none. */
export function presentableTitle(text: string): string | undefined {
  const line = text
    .split(/\r?\n/)
    .find((candidate) => candidate.trim() !== "")
    ?.trim();
  if (line === undefined) return undefined;
  const points = Array.from(line);
  return points.length <= TITLE_LENGTH ? line : `${points.slice(0, TITLE_LENGTH - 3).join("")}...`;
}

/** Gives a session its agent's title, unless somebody gave it one meanwhile: the row is looked at when this is about to be written. */
export async function titleOps(
  store: Pick<Store, "getSession">,
  sessionId: SessionId,
  title: string,
): Promise<ProgressOp[]> {
  const session = await store.getSession(sessionId);
  return session !== undefined && isDefaultTitle(session.title) ? [{ op: "title", title }] : [];
}
