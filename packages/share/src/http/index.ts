export { type Beside, createShareHttp, ROUTES, shareOpenApi } from "./share-http.ts";
