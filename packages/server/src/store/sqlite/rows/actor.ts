import type { Actor } from "@holdfast/protocol";
import type { Sql, Write } from "../sql.ts";

/** The row of an actor, made on first sight (D-36). */
export function actorRow(write: Write, actor: Actor): number {
  const found = write.get<{ rid: number }>(
    "SELECT rid FROM actor WHERE id = ? AND kind = ? AND label = ?",
    actor.id,
    actor.kind,
    actor.label,
  );
  return (
    found?.rid ??
    write.insert("INSERT INTO actor (id, kind, label) VALUES (?, ?, ?)", actor.id, actor.kind, actor.label)
  );
}

export function loadActor(sql: Sql, rid: number): Actor {
  const actor = sql.get<Actor>("SELECT id, kind, label FROM actor WHERE rid = ?", rid);
  if (actor === undefined) throw new Error(`Actor row ${rid} is missing.`);
  return { id: actor.id, kind: actor.kind, label: actor.label };
}
