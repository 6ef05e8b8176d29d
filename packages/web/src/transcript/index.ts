export { PastProvider } from "./past.tsx";
export { type History, Transcript } from "./transcript.tsx";
export { DiffView } from "./tool/index.ts";
export { highlight } from "./markdown/index.ts";
