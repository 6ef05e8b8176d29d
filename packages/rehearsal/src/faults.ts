import type { Stream } from "@agentclientprotocol/sdk";

/**
 * Where a test fixture may misbehave on the real agent: on the message stream, and towards the two polite ways to stop a
 * process. The shipped agent uses `noFaults`.
 */
export type Faults = {
  /** Wraps the message stream; `writeLine` puts one raw line on stdout, between messages. */
  readonly wrapStream: (stream: Stream, writeLine: (line: string) => Promise<void>) => Stream;
  /** False: SIGTERM does nothing. */
  readonly obeysTerm: boolean;
  /** False: the process stays when stdin ends. */
  readonly obeysEndOfInput: boolean;
};

/** An agent that behaves. */
export const noFaults: Faults = {
  wrapStream: (stream) => stream,
  obeysTerm: true,
  obeysEndOfInput: true,
};
