export { Places } from "./places.ts";
export { createRpcDoor, type RpcDoor } from "./rpc-door.ts";
export { CLOSE, type SocketEars, type TextSocket } from "./web-sockets.ts";
