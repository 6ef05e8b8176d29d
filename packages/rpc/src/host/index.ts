export { livePlace, shaped, textArgument } from "./arguments.ts";
export { type CallReply, type CallScope, type Capability, endBy } from "./capability.ts";
export type { SessionEnd } from "./hosted-session.ts";
export { openLiveSink } from "./live-sink.ts";
export { LiveStream } from "./live-stream.ts";
export { RpcHost } from "./rpc-host.ts";
export { startRpcThread, type StartThread } from "./thread.ts";
