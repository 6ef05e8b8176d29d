import { HoldfastError } from "@holdfast/kernel";
import type { Applied, IdempotencyKey } from "../port.ts";
import type { Write } from "./sql.ts";

type Recorded = { body_hash: string; result: string };

/**
 * What an earlier request with this key made: the ids it recorded, or undefined when the key is new. Another body is IDEMPOTENCY_MISMATCH (D-5).
 * It runs first in a command, inside its transaction: of twenty at once the first commits and the rest find its record.
 */
export function replayed<T>(write: Write, key: IdempotencyKey | undefined): T | undefined {
  if (key === undefined) return undefined;
  const row = write.get<Recorded>(
    "SELECT body_hash, result FROM idempotency WHERE actor = ? AND method = ? AND route = ? AND key = ?",
    key.actorId,
    key.method,
    key.route,
    key.key,
  );
  if (row === undefined) return undefined;
  if (row.body_hash !== key.bodyHash) {
    throw new HoldfastError(
      "IDEMPOTENCY_MISMATCH",
      "This Idempotency-Key was used for another body. Send the same body to get the first answer, or a new key.",
    );
  }
  return JSON.parse(row.result) as T;
}

/** Records what the command made, in its own transaction. With a session the record lives as long as the session, else 30 days. */
export function recordKey(
  write: Write,
  key: IdempotencyKey | undefined,
  result: object,
  session?: number,
): void {
  if (key === undefined) return;
  write.run(
    "INSERT INTO idempotency (actor, method, route, key, body_hash, result, session, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    key.actorId,
    key.method,
    key.route,
    key.key,
    key.bodyHash,
    JSON.stringify(result),
    session ?? null,
    write.now,
  );
}

/** Forgets a key whose command was undone: its repetition is a new request. */
export function forgetKey(write: Write, key: IdempotencyKey | undefined): void {
  if (key === undefined) return;
  write.run(
    "DELETE FROM idempotency WHERE actor = ? AND method = ? AND route = ? AND key = ?",
    key.actorId,
    key.method,
    key.route,
    key.key,
  );
}

/** A command that makes nothing new, once per key: a repetition applies nothing and answers the resource as it is now (D-5). */
export function once<T>(
  write: Write,
  key: IdempotencyKey | undefined,
  apply: () => void,
  current: () => T,
): Applied<T> {
  if (replayed(write, key) !== undefined) return { value: current(), replayed: true };
  apply();
  recordKey(write, key, {});
  return { value: current(), replayed: false };
}
