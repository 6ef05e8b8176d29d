import type { Actor, TurnId } from "@holdfast/protocol";
import { announceTurn } from "../announce.ts";
import { type Log, openLogByRid } from "../log.ts";
import { askerOf, findSession, inputOf, type TurnRow, turnByRid } from "../rows/index.ts";
import { announceActivity, refreshSession } from "../session-change.ts";
import type { Write } from "../sql.ts";
import { dropQueued } from "./input.ts";

/**
 * Ends what refs are behind (S-28): queued inputs are removed, and a turn that runs, or whose input its agent is being told, has its cancel on record (D-10). The
 * queue of the others goes on. Answers the turns that have to be stopped.
 */
export function endWorkOf(
  write: Write,
  sessionId: string,
  refs: ReadonlySet<string>,
  actor: Actor,
): TurnId[] {
  const session = findSession(write, sessionId);
  if (session === undefined) return [];
  const log = openLogByRid(write, session.rid, actor, "asked");
  const open = write.all<{ rid: number }>(
    "SELECT rid FROM turn WHERE session = ? AND state IN ('queued', 'running') ORDER BY rid",
    session.rid,
  );
  const theirs = open
    .flatMap(({ rid }) => turnByRid(write, rid) ?? [])
    .filter((turn) => isBehind(refs, askerOf(write, turn)));
  if (theirs.length === 0) return [];
  const stopping = theirs.flatMap((turn) => endTurn(log, turn) ?? []);
  refreshSession(log);
  announceActivity(log);
  return stopping;
}

const isBehind = (refs: ReadonlySet<string>, asker: Actor): boolean =>
  asker.kind === "ref" && refs.has(asker.id);

function endTurn(log: Log, turn: TurnRow): TurnId | undefined {
  const { write } = log;
  if (turn.state === "queued" && turn.merged_into === null) {
    const input = inputOf(write, turn);
    if (input !== undefined) dropQueued(log, input);
    return undefined;
  }
  if (turn.cancel_time === null) {
    const sql = "UPDATE turn SET cancel_time = ?, cancel_actor = ? WHERE rid = ?";
    write.run(sql, write.now, log.actorRid, turn.rid);
    announceTurn(log, turn.rid, "turn.updated");
  }
  return turn.id as TurnId;
}
