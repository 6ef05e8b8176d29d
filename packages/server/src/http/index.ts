export type { PageFile, PageFiles } from "./page.ts";
export type { RefCaller, RefDoor } from "./ref-door.ts";
export { createHttp, type Http, type HttpDeps, openApiDocument } from "./server.ts";
