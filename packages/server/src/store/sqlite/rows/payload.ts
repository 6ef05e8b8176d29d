/**
 * Versions of stored rows (D-36). A row keeps the version that wrote it in `schema_version`, and every read brings it up to the newest. A changed form is a
 * step more here, with a stored example of the form before it; a field that is only added, and may be absent, is none.
 */
import { HoldfastError } from "@holdfast/kernel";

type Step = (data: object) => object;
type Table = "session" | "message" | "part" | "change";

/** What brings version n + 1 of a table's rows up to n + 2, at place n. */
const STEPS: Readonly<Record<Table, readonly Step[]>> = { session: [], message: [], part: [], change: [] };

/** The version that this release writes. */
export const WRITTEN: Readonly<Record<Table, number>> = {
  session: STEPS.session.length + 1,
  message: STEPS.message.length + 1,
  part: STEPS.part.length + 1,
  change: STEPS.change.length + 1,
};

/** The payload of a row in its newest form. Throws NEWER_ROW, which names the row, for a version that this release does not know. */
export function newestForm<T extends object>(
  table: Table,
  row: { id: string; schema_version: number },
  data: T,
  steps: readonly Step[] = STEPS[table],
): T {
  const missing = steps.length + 1 - row.schema_version;
  if (missing === 0) return data;
  if (missing < 0 || row.schema_version < 1)
    throw new HoldfastError(
      "NEWER_ROW",
      `The ${table} ${row.id} is stored in version ${row.schema_version}, and this release reads up to ${steps.length + 1}. Use the release that wrote it, or a newer one.`,
      { data: { id: row.id, version: row.schema_version } },
    );
  return steps.slice(-missing).reduce<object>((form, step) => step(form), data) as T;
}
