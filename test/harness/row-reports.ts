import type * as Rows from "../model-coverage/rows.ts";

/** What tells `npm run model-coverage` which rows the tests make; undefined, and not even loaded, in every other run. */
export async function rowReports(): Promise<typeof Rows | undefined> {
  return process.env["HOLDFAST_MODEL_ROWS"] === undefined ? undefined : import("../model-coverage/rows.ts");
}
