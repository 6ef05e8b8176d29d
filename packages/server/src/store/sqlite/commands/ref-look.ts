import { refNotValid } from "../../model/index.ts";
import type { RefCommands, RefLook } from "../../port.ts";
import { refById, refsAbove, toRefLine } from "../rows/index.ts";
import { countOf, type Write } from "../sql.ts";
import { countUse } from "./ref-use.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Rows of one session's refs that say what was read, the oldest goes first (S-16). */
const MOST_ROWS = 10_000;

export function noteRefLooks(write: Write, command: { looks: RefLook[] }): void {
  for (const look of command.looks) noteLook(write, look);
}

function noteLook(write: Write, look: RefLook): void {
  const row = look.refId === undefined ? undefined : refById(write, look.refId);
  if (look.refId !== undefined && row === undefined) return;
  const ref = row?.rid ?? null;
  const hour = look.first - (look.first % HOUR);
  const changed = write.run(
    `UPDATE ref_audit SET count = count + ?, last = max(last, ?), detail = ?
     WHERE ref IS ? AND hour = ? AND action = ? AND peer = ?`,
    look.count,
    look.last,
    look.detail ?? null,
    ref,
    hour,
    look.action,
    look.peer,
  );
  if (changed === 0) {
    write.insert(
      "INSERT INTO ref_audit (ref, action, peer, hour, count, first, last, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      ref,
      look.action,
      look.peer,
      hour,
      look.count,
      look.first,
      look.last,
      look.detail ?? null,
    );
    if (row !== undefined) dropOldest(write, row.session_id);
  }
  if (row === undefined) return;
  if (look.action === "read") write.run("UPDATE ref SET time_used = ? WHERE rid = ?", look.last, row.rid);
  else if (look.detail === "expired") keepExpiry(write, look.refId ?? "");
}

function dropOldest(write: Write, sessionId: string): void {
  const from = "ref_audit WHERE hour IS NOT NULL AND ref IN (SELECT rid FROM ref WHERE session_id = ?)";
  const over = countOf(write, from, sessionId) - MOST_ROWS;
  if (over > 0)
    write.run(
      `DELETE FROM ref_audit WHERE rid IN (SELECT rid FROM ${from} ORDER BY rid LIMIT ?)`,
      sessionId,
      over,
    );
}

/** What has expired stays so, wherever the clock is set to afterwards. */
function keepExpiry(write: Write, refId: string): void {
  const row = refById(write, refId);
  for (const each of row === undefined ? [] : refsAbove(write, row)) {
    const expiresAt = (JSON.parse(each.caveats) as { expiresAt?: number }).expiresAt ?? Infinity;
    if (expiresAt <= write.now)
      write.run(
        "UPDATE ref SET time_expired = ? WHERE rid = ? AND time_expired IS NULL",
        write.now,
        each.rid,
      );
  }
}

export function useRefToRead(write: Write, command: Parameters<RefCommands["useRefToRead"]>[0]): void {
  const row = refById(write, command.refId);
  const line = row === undefined ? undefined : toRefLine(write, row, write.now);
  if (row === undefined || (line?.ended !== undefined && line.ended !== "exhausted")) throw refNotValid();
  const day = write.now - (write.now % DAY);
  const known = "SELECT 1 FROM ref_day WHERE ref = ? AND peer = ? AND day = ?";
  if (write.get(known, row.rid, command.peer, day) !== undefined) return;
  if (line?.ended === "exhausted") throw refNotValid();
  write.run("INSERT INTO ref_day (ref, peer, day) VALUES (?, ?, ?)", row.rid, command.peer, day);
  countUse(write, refsAbove(write, row));
}
