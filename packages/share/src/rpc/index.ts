export { createShareRpc, type ShareRpcDeps } from "./share-rpc.ts";
