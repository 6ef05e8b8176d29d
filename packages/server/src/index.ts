export { inspectDataDirectory, type ServeFlags, serve, VERSION } from "./main/index.ts";
export { openApiDocument } from "./http/index.ts";
