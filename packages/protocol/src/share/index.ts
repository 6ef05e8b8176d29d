export * from "./canonical-json.ts";
export * from "./grant.ts";
export * from "./method.ts";
export * from "./operation.ts";
export * from "./preview.ts";
export * from "./published.ts";
export * from "./share.ts";
