export { createOpencodeBackend, type OpencodeBackend, type OpencodeBackendDeps } from "./backend.ts";
