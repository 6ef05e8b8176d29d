export { createFallbackTransport } from "./fallback-transport.ts";
export type { Projection, PublishedBlob, PublishedRow } from "./projection.ts";
export { askListCode, createRestTransport } from "./rest-transport.ts";
export { createBatchTransport, createSocketTransport } from "./rpc-transport.ts";
export { createSenders } from "./senders.ts";
export { type Again, ShareSender } from "./share-sender.ts";
export type { ShareAnswer, ShareCall, ShareTransport } from "./share-transport.ts";
