export { intentsOverBatch } from "./intents-over-batch.ts";
export { intentsOverSocket } from "./intents-over-socket.ts";
