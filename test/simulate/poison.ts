import type { Projection } from "../../packages/server/src/outbox/index.ts";

/** A row whose payload no service takes, now or ever: it has a field that is in no schema. Of parts one in `every`; 0: none. */
export function poisoned(project: Projection, every: number): Projection {
  if (every === 0) return project;
  return async (input) => {
    const projected = await project(input);
    const rows = projected.rows.map((row, at) =>
      row.is === "row" && isPoisoned(input.rows[at]?.key ?? "", every)
        ? { ...row, payload: { ...row.payload, part: { ...(row.payload["part"] as object), poison: true } } }
        : row,
    );
    return { ...projected, rows };
  };
}

/** By its id alone, so that it is the same row each time. */
export function isPoisoned(key: string, every: number): boolean {
  if (every === 0 || !key.startsWith("part:")) return false;
  let sum = 0;
  for (let at = 0; at < key.length; at += 1) sum = (sum * 31 + key.charCodeAt(at)) % 1_000_003;
  return sum % every === 0;
}
