export type { CallOptions } from "./call.ts";
export {
  type ChangesState,
  changeToRead,
  isOpenChange,
  noChanges,
  reduceChanges,
  reduceWorktrees,
  withChange,
  withChangeList,
} from "./change-state.ts";
export {
  createClient,
  type HoldfastClient,
  type PageQuery,
  type SessionQuery,
  type Waited,
} from "./client.ts";
export {
  durable,
  type DurableRef,
  type DurableRefOptions,
  type Loose,
  type RefCall,
  RefCallError,
} from "./durable.ts";
export {
  type ApiProblem,
  HoldfastApiError,
  HoldfastConnectionError,
  HoldfastContractError,
  isApiError,
  isPassing,
} from "./error.ts";
export { backoffMs } from "./delay.ts";
export { applyDelta } from "@holdfast/protocol";
export { newId } from "./id.ts";
export {
  blocked,
  type GroupContext,
  type Intent,
  type IntentError,
  intentsInMemory,
  type IntentStore,
  type IntentTransport,
  isSettled,
  NoWayError,
  type Outcome,
  type ResultOf,
  withResults,
} from "./intent.ts";
export { intentsOverHttp } from "./intents-over-http.ts";
export { meetNeed, meetUnread } from "./message-changes.ts";
export type { MadeRef } from "./ref-calls.ts";
export { reduce, skipEvent } from "./reduce.ts";
export {
  addOlderMessages,
  EMPTY_SESSION,
  type Need,
  queueOf,
  type SessionState,
  type Snapshot,
  stateOfSnapshot,
  type Unplaced,
} from "./session-state.ts";
export {
  addOlderShared,
  EMPTY_SHARED,
  type Omitted,
  reduceShared,
  type SharedPage,
  type SharedState,
  sharedStateOf,
} from "./shared-state.ts";
export {
  createShareReader,
  openShareList,
  redeemLink,
  type ShareList,
  type ShareReader,
} from "./share-reader.ts";
export { shareCursor, type ShareStreamItem, type ShareStreamOptions } from "./stream-share.ts";
export { type Disconnected, STREAM_LIMITS, type StreamLimits } from "./stream.ts";
export type { FeedItem, FeedOptions } from "./stream-feed.ts";
export { readFeedEvent, type SessionStreamItem, type SessionStreamOptions } from "./stream-session.ts";
export {
  newIdempotencyKey,
  TRANSPORT_LIMITS,
  type TransportConfig,
  type TransportLimits,
} from "./transport.ts";
