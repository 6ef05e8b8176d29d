/**
 * What is done through a ref (S-15, S-16). Every command of the port may name the ref it comes through; this is the one place where that is looked at, in
 * the command's own transaction: a revoke that was committed before it refuses it, and what is refused leaves nothing.
 */
import type { Caveats } from "@holdfast/protocol";
import { refNotValid } from "../../model/index.ts";
import type { RefUse } from "../../port.ts";
import { announceRef } from "../announce-sessionless.ts";
import { loadActor, refById, type RefRow, refsAbove, refsBelow, toRefLine } from "../rows/index.ts";
import type { Write } from "../sql.ts";

/** Runs a command; under a ref only while it works, and then as one more use of it. */
export function underRef<T>(write: Write, args: unknown, run: () => T): T {
  const use = (args as { use?: RefUse } | null | undefined)?.use;
  if (use === undefined) return run();
  const row = refById(write, use.refId);
  const ended = row === undefined ? "revoked" : toRefLine(write, row, write.now).ended;
  if (row === undefined || (ended !== undefined && ended !== "exhausted")) throw refNotValid();
  const result = run();
  if (isReplay(result)) return result;
  if (ended === "exhausted") throw refNotValid();
  countUse(write, refsAbove(write, row));
  write.run(
    "INSERT INTO ref_audit (ref, action, peer, count, first, last) VALUES (?, ?, ?, 1, ?, ?)",
    row.rid,
    use.action,
    use.peer,
    write.now,
    write.now,
  );
  return result;
}

/** A use of a ref is one of each above it: else a child would be more than its parent. Who holds what has none left hears of it. */
export function countUse(write: Write, line: readonly RefRow[]): void {
  for (const { rid } of line)
    write.run("UPDATE ref SET uses = uses + 1, time_used = ? WHERE rid = ?", write.now, rid);
  for (const row of line) {
    if (row.uses + 1 !== (JSON.parse(row.caveats) as Caveats).maxUses) continue;
    for (const rid of refsBelow(write, row.rid)) announceRef(write, rid, loadActor(write, row.actor));
  }
}

const isReplay = (result: unknown): boolean =>
  typeof result === "object" && result !== null && "replayed" in result && result.replayed === true;
