export {
  Access,
  type Credential,
  type Endpoint,
  type RefCredential,
  type RefStore,
  type TokenStore,
} from "./access.ts";
export { type Needs, requireReach } from "./authorize.ts";
export { parseJson, readBytes, readJson } from "./body.ts";
export { type ControlFrame, controlText, encodeOnce, eventBytes, eventTexts } from "./event-frames.ts";
export { createStreamSink, type EventStream, openEventStream } from "./event-stream.ts";
export { isApiTarget } from "./guard.ts";
export type { Exposure } from "./host-policy.ts";
export { isAddressInUse, Listener, sendProblem, type Upgrade } from "./listener.ts";
export { createLogSink, endError, type LogSink } from "./log-sink.ts";
export { OpenStreams } from "./open-streams.ts";
export { problemReply, rateRefusal, shapeRefusal } from "./problem.ts";
export { bearerOf, idempotencyKey, leavingSignal, type RequestKey, requestKey } from "./request.ts";
export { type Reply, send, STREAMING } from "./reply.ts";
export { SANDBOX_POLICY } from "./security-headers.ts";
export { type Rate, TokenBuckets } from "./token-bucket.ts";
