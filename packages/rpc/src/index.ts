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
  type StartThread,
} from "./host/index.ts";
export { RPC_LIMITS } from "./limits.ts";
