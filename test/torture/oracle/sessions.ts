/** Sessions as a whole: made, named, deleted (D-1, D-26). */
import type { Ledger } from "../ledger.ts";
import { rowOf, SESSION_KEY } from "../ledger/row-key.ts";
import type { Picture } from "./picture.ts";

export function lostSessions(ledger: Ledger, picture: Picture): string[] {
  const lost = [...ledger.created].filter((id) => !ledger.deletions.has(id) && !picture.listed.has(id));
  const back = [...ledger.deleted].filter((id) => picture.listed.has(id));
  return [
    ...lost.map((id) => `session ${id} was made and is gone`),
    ...back.map((id) => `session ${id} was deleted and is back`),
  ];
}

/** The newest acknowledged title holds, or one that the log tells later and that nobody replaced already. */
export function lostTitles(ledger: Ledger, picture: Picture): string[] {
  return [...ledger.titles].flatMap(([id, { now: title, seq, before }]) => {
    const session = picture.sessions.get(id);
    if (session === undefined || session.session.title === title) return [];
    const newest = session.replay.findLast((event) => rowOf(event)?.key === SESSION_KEY)?.seq ?? 0;
    const isLater = newest > seq && !before.has(session.session.title);
    return isLater
      ? []
      : [`${id} was titled ${JSON.stringify(title)} and is ${JSON.stringify(session.session.title)}`];
  });
}
