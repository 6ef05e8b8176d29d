export type { PageAssets, PageRequest, SharedPageRequest } from "./page-request.ts";
