export { asMeant } from "./as-sent.ts";
export {
  CLOSE,
  createRpcDoor,
  Places,
  type RpcDoor,
  type SocketEars,
  type TextSocket,
  WebSockets,
} from "./door/index.ts";
export {
  type CallReply,
  type CallScope,
  type Capability,
  LiveStream,
  openLiveSink,
  type StartThread,
} from "./host/index.ts";
export { RPC_LIMITS } from "./limits.ts";
