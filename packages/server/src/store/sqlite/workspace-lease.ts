/**
 * The durable write lease of a workspace: one row names the turn that may change files there, from the transaction that starts it to the
 * one that ends it.
 *
 *   take ─► own ─► release ─► gone, or passed on to a turn that borrowed it
 *   take, while a session above has it ─► borrowed
 *
 * - It goes with its turn and nothing else: a crash leaves it to whoever takes the session over, and finalization ends it (D-18).
 * - A turn of a session below borrows it, and inherits it when it outlives the one that lent it.
 */
import { HoldfastError } from "@holdfast/kernel";
import { ancestorsOf, type SessionRow } from "./rows/index.ts";
import type { Write } from "./sql.ts";

type Owner = { instance: string; epoch: number };
type Holder = { session: number; id: string };

/** Throws WORKSPACE_BUSY with the session that has it. Takes nothing in a shared workspace. */
export function takeLease(
  write: Write,
  session: Pick<SessionRow, "rid" | "workspace" | "workspace_id">,
  turn: Owner & { rid: number },
): void {
  const place = write.get<{ concurrency: string }>(
    "SELECT concurrency FROM workspace WHERE rid = ?",
    session.workspace,
  );
  if (place?.concurrency === "shared") return;
  const holder = holderOf(write, session.workspace);
  if (holder === undefined) {
    write.run(
      "INSERT OR REPLACE INTO workspace_lease (workspace, turn, session, instance, epoch) VALUES (?, ?, ?, ?, ?)",
      session.workspace,
      turn.rid,
      session.rid,
      turn.instance,
      turn.epoch,
    );
  } else if (!ancestorsOf(write, session.rid).some(({ rid }) => rid === holder.session)) {
    throw new HoldfastError(
      "WORKSPACE_BUSY",
      `A turn of session ${holder.id} works in workspace ${session.workspace_id}. Wait for its end, or let the workspace be shared.`,
      { data: { holder: holder.id } },
    );
  }
  write.run("UPDATE turn SET lease = ? WHERE rid = ?", holder === undefined ? "own" : "borrowed", turn.rid);
}

/** A lease whose turn is not live is nobody's. */
const holderOf = (write: Write, workspace: number): Holder | undefined =>
  write.get<Holder>(
    `SELECT l.session, s.id FROM workspace_lease l JOIN turn t ON t.rid = l.turn JOIN session s ON s.rid = l.session
     WHERE l.workspace = ? AND t.state IN ('running', 'finalizing')`,
    workspace,
  );

/** Whoever took a session over has its lease too. */
export function moveLease(write: Write, session: number, { instance, epoch }: Owner): void {
  write.run("UPDATE workspace_lease SET instance = ?, epoch = ? WHERE session = ?", instance, epoch, session);
}

type Heir = { rid: number; session: number; instance: string; epoch: number };

/** The turn has ended: its lease goes to a turn that borrowed it and still runs, else to nobody. */
export function releaseLease(write: Write, turn: number): void {
  const lease = write.get<{ workspace: number; session: number }>(
    "SELECT workspace, session FROM workspace_lease WHERE turn = ?",
    turn,
  );
  if (lease === undefined) return;
  const heir = write
    .all<Heir>(
      `SELECT t.rid, t.session, c.instance, c.epoch FROM turn t JOIN session s ON s.rid = t.session JOIN claim c ON c.session = t.session
       WHERE t.lease = 'borrowed' AND t.state IN ('running', 'finalizing') AND s.workspace = ? ORDER BY t.rid`,
      lease.workspace,
    )
    .find(({ session }) => ancestorsOf(write, session).some(({ rid }) => rid === lease.session));
  if (heir === undefined) {
    write.run("DELETE FROM workspace_lease WHERE turn = ?", turn);
    return;
  }
  write.run(
    "UPDATE workspace_lease SET turn = ?, session = ?, instance = ?, epoch = ? WHERE workspace = ?",
    heir.rid,
    heir.session,
    heir.instance,
    heir.epoch,
    lease.workspace,
  );
  write.run("UPDATE turn SET lease = 'own' WHERE rid = ?", heir.rid);
}
