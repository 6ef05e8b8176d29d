export { Rows, type RowsPlace } from "./rows.ts";
