export { createOpencodeBackend } from "./backend.ts";
