export type { OutboxStore } from "./outbox-store.ts";
export type { Projection, PublishedBlob, PublishedRow } from "./projection.ts";
export type { SenderMemory, SenderState, Step } from "./sender-state.ts";
export type { ShareAnswer, ShareCall, ShareTransport } from "./share-transport.ts";
