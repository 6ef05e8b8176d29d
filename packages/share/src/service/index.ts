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
