export { createShareRpc, type ShareRpc, type ShareRpcDeps } from "./share-rpc.ts";
