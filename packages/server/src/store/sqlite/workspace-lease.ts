/**
 * The durable write lease of a workspace: one row names the turn or the operation that may change files there, from the transaction that starts it
 * to the one that ends it.
 *
 *   take ─► own ─► release ─► gone, or passed on to a turn that borrowed it
 *   take, while a session above has it ─► borrowed
 *
 * - It goes with its holder and nothing else: a crash leaves a turn's to whoever takes the session over, and finalization ends it (D-18); an operation's is
 *   left to recovery, which ends the operation (W-9, W-11).
 * - A turn of a session below borrows it; whoever borrowed it and is still there when its holder ends inherits it. Nobody borrows from an operation.
 * - Turns of a shared workspace take none; an operation keeps them out all the same.
 */
import { HoldfastError } from "@holdfast/kernel";
import { ancestorsOf, type SessionRow, type WorkspaceHead } from "./rows/index.ts";
import type { Write } from "./sql.ts";

type Owner = { instance: string; epoch: number };
/** `session` is of the turn that has it; null: an operation has it. */
type Holder = { session: number | null; id: string };

/** Throws WORKSPACE_BUSY with the session or operation that has it. Takes nothing in a shared workspace. */
export function takeLease(
  write: Write,
  session: Pick<SessionRow, "rid" | "workspace" | "workspace_id">,
  turn: Owner & { rid: number },
): void {
  const holder = holderOf(write, session.workspace);
  const place = { rid: session.workspace, id: session.workspace_id };
  if (holder?.session === null) throw busy(place, holder);
  if (isShared(write, session.workspace)) return;
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
    throw busy(place, holder);
  }
  write.run("UPDATE turn SET lease = ? WHERE rid = ?", holder === undefined ? "own" : "borrowed", turn.rid);
}

const isShared = (write: Write, workspace: number): boolean =>
  write.get<{ concurrency: string }>("SELECT concurrency FROM workspace WHERE rid = ?", workspace)
    ?.concurrency === "shared";

function busy(workspace: WorkspaceHead, holder: Holder): HoldfastError {
  const who = holder.session === null ? `Operation ${holder.id}` : `A turn of session ${holder.id}`;
  const advice = holder.session === null ? "" : ", or let the workspace be shared";
  return new HoldfastError(
    "WORKSPACE_BUSY",
    `${who} works in workspace ${workspace.id}. Wait for its end${advice}.`,
    { data: { holder: holder.id } },
  );
}

/** A lease whose turn is not live, or whose operation has ended, is nobody's. */
const holderOf = (write: Write, workspace: number): Holder | undefined =>
  write.get<Holder>(
    `SELECT l.session, coalesce(s.id, o.id) AS id FROM workspace_lease l LEFT JOIN turn t ON t.rid = l.turn
     LEFT JOIN session s ON s.rid = l.session LEFT JOIN operation o ON o.rid = l.operation
     WHERE l.workspace = ? AND (t.state IN ('running', 'finalizing') OR o.state = 'running')`,
    workspace,
  );

/** Gives a workspace to an operation. Throws WORKSPACE_BUSY with the session or operation that has it. */
export function leaseToOperation(write: Write, workspace: WorkspaceHead, operation: number): void {
  const holder = holderOf(write, workspace.rid);
  if (holder !== undefined) throw busy(workspace, holder);
  write.run(
    "INSERT OR REPLACE INTO workspace_lease (workspace, operation) VALUES (?, ?)",
    workspace.rid,
    operation,
  );
}

export function releaseOperation(write: Write, operation: number): void {
  write.run("DELETE FROM workspace_lease WHERE operation = ?", operation);
}

/** Whoever took a session over has its lease too. */
export function moveLease(write: Write, session: number, { instance, epoch }: Owner): void {
  write.run("UPDATE workspace_lease SET instance = ?, epoch = ? WHERE session = ?", instance, epoch, session);
}

type Heir = { rid: number; session: number; instance: string; epoch: number };

/** The turn has ended: its lease goes to a turn that borrowed it and still runs, else to nobody. */
export function releaseLease(write: Write, turn: number): void {
  const lease = write.get<{ workspace: number }>(
    "SELECT workspace FROM workspace_lease WHERE turn = ?",
    turn,
  );
  if (lease === undefined) return;
  const heir = write.get<Heir>(
    `SELECT t.rid, t.session, c.instance, c.epoch FROM turn t JOIN session s ON s.rid = t.session JOIN claim c ON c.session = t.session
     WHERE t.lease = 'borrowed' AND t.state IN ('running', 'finalizing') AND s.workspace = ? ORDER BY t.rid LIMIT 1`,
    lease.workspace,
  );
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
