export { PastProvider } from "./past.tsx";
export { type History, Transcript } from "./transcript.tsx";
