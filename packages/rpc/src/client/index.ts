export { asMeant, asSent } from "../as-sent.ts";
export { RPC_PATH } from "../path.ts";
export { callInBatch } from "./batch-client.ts";
export { boundedText } from "./bounded-text.ts";
export { type ClientOptions, NoDoor } from "./no-door.ts";
export { SocketClient } from "./socket-client.ts";
