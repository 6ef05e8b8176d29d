/** Limits of capnweb as it is spoken here (S-12, S-29); each stands here once. */
export const RPC_LIMITS = {
  /** Bytes of one message. */
  messageBytes: 1024 * 1024,
  /** Bytes of a batch, calls in it, and messages: a call may have a pull and a release beside it. */
  batchBytes: 4 * 1024 * 1024,
  batchCalls: 64,
  batchMessages: 256,
  /** Bytes of a batch's answer. */
  batchAnswerBytes: 16 * 1024 * 1024,
  /** Results and stubs that one session holds at once. */
  liveExports: 256,
  /** Calls of one session that run at once: a released result does not end its call. */
  runningCalls: 64,
  /** Arguments of one call. */
  callArguments: 4,
  /** Calls on results that are not there yet, one on the other. */
  chainDepth: 8,
  /** Names from a result to what is read of it. */
  pathLength: 4,
  /** Levels of a value; capnweb writes an array as two. */
  valueDepth: 160,
  /** Levels of a call's arguments, as of a body over REST. */
  jsonDepth: 64,
  /** How long a call may take, in ms. */
  callMs: 30_000,
  /** How long a connection may be there without a capability, in ms. */
  firstRedeemMs: 5_000,
  /** Bytes that a peer has not taken yet; then its connection or its stream ends. */
  backlogBytes: 4 * 1024 * 1024,
  /** Bytes of a connection that wait for the thread; then it is read on later. */
  waitingBytes: 256 * 1024,
  /** Connections that stay, altogether and of one address. */
  connections: 2_048,
  connectionsPerAddress: 64,
  /** Live views of one share over capnweb (S-11). */
  liveViews: 50,
} as const;
