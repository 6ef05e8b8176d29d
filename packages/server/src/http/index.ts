export { createHttp, type Http, type HttpDeps, openApiDocument } from "./server.ts";
export type { TokenStore } from "./access.ts";
export type { Exposure } from "./host-policy.ts";
export type { PageFile, PageFiles } from "./page.ts";
