export { createHttp, type Http, type HttpDeps, openApiDocument } from "./server.ts";
