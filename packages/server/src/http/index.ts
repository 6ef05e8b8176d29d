export type { PageFile, PageFiles } from "./page.ts";
export { createHttp, type Http, type HttpDeps, openApiDocument } from "./server.ts";
