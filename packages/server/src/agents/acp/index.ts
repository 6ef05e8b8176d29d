export { createAcpBackend, type AcpBackendDeps } from "./backend.ts";
