export { privateKind } from "./address.ts";
export { fetchPage, type LookUp, type Page } from "./fetch-page.ts";
