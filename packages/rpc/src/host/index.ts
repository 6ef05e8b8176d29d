export type { CallReply, CallScope, Capability } from "./capability.ts";
export type { HostedSession, Peer, SessionEnd } from "./hosted-session.ts";
export { openLiveSink } from "./live-sink.ts";
export { LiveStream } from "./live-stream.ts";
export { RpcHost } from "./rpc-host.ts";
export { type StartThread, startRpcThread, startThread, type Thread, type ThreadEars } from "./thread.ts";
