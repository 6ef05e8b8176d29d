export { type Beside, createShareHttp, ROUTES, type ShareHttpDeps } from "./share-http.ts";
