export { PastProvider } from "./past.tsx";
export { type Reader, ReaderProvider } from "./reader.tsx";
export { RowView } from "./row-view.tsx";
export { type Notes, rowsOf } from "./rows.ts";
export { type History, Transcript } from "./transcript.tsx";
export { DiffView } from "./tool/index.ts";
export { highlight } from "./markdown/index.ts";
