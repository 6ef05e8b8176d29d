export { asMeant } from "./as-sent.ts";
export {
  CLOSE,
  createRpcDoor,
  Places,
  type RpcDoor,
  type SocketEars,
  type TextSocket,
} from "./door/index.ts";
export {
  type CallReply,
  type CallScope,
  type Capability,
  endBy,
  livePlace,
  LiveStream,
  openLiveSink,
  shaped,
  type StartThread,
  textArgument,
} from "./host/index.ts";
export { RPC_LIMITS } from "./limits.ts";
