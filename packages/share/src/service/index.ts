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
} from "./contract.ts";
export { SHARE_QUOTA_BYTES, ShareService, type ShareServiceDeps } from "./share-service.ts";
