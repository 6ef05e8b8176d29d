import { cleanJson, payloadHash } from "@holdfast/kernel";
import type { OperationType, WholeRow } from "@holdfast/protocol";
import { keyOf } from "@holdfast/protocol";
import type { Effect } from "../store/index.ts";
import { effectOf } from "./prepare-op.ts";

/** The operation that says the same as a row of the older way. */
const SAME_AS: Readonly<Record<WholeRow["type"], OperationType>> = {
  session: "session.updated",
  message: "message.updated",
  part: "message.part.updated",
  change: "change.updated",
  models: "models.updated",
  usage: "usage.updated",
};

export type PreparedRow = { key: string; hash: string; effect: Extract<Effect, { does: "put" }> };

/** Rows as the store takes them, and the title that the session among them has. */
export function prepareRows(data: readonly WholeRow[]): { rows: PreparedRow[]; title: string | undefined } {
  const rows = data.flatMap(({ type, data: row }): PreparedRow[] => {
    const payload = cleanJson({ [type]: row });
    const key = keyOf(SAME_AS[type], payload);
    const effect = effectOf(SAME_AS[type], key, payload);
    return effect?.does === "put" ? [{ key, hash: payloadHash(payload), effect }] : [];
  });
  const session = data.findLast((row) => row.type === "session");
  return { rows, title: session?.type === "session" ? session.data.title.slice(0, 1_000) : undefined };
}
