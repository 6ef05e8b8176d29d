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
export { eventFrame } from "./event-frame.ts";
export { ShareService, type ShareServiceDeps } from "./share-service.ts";
export type { Snapshots } from "./snapshots.ts";
