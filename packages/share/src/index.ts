export { createShareHttp, type Beside, shareOpenApi } from "./http/index.ts";
export {
  backupShares,
  composeShares,
  finishRestore,
  restoreShares,
  serveShares,
  ShareConfigError,
  type ShareFlags,
  type ShareServer,
} from "./main/index.ts";
export { createShareRpc, type ShareRpcDeps } from "./rpc/index.ts";
export type {
  ShareBlob,
  ShareCaller,
  ShareCalls,
  ShareControl,
  ShareEnd,
  ShareEvent,
  ShareRequest,
  ShareSink,
  ShareSubscription,
  SubscribeRequest,
} from "./service/index.ts";
export { ShareService, type ShareServiceDeps } from "./service/index.ts";
export {
  commandModule,
  memoryBlobs,
  openShareStore,
  type ShareBlobs,
  shareStoreOn,
  type ShareStore,
} from "./store/index.ts";
