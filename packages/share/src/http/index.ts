export { type Beside, createShareHttp, ROUTES } from "./share-http.ts";
