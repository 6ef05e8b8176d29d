/** The program: answers the server on its two streams, to the end of either. */
import type { Readable } from "node:stream";
import { type Clock, within } from "@holdfast/kernel";
import { createMessageConnection, NullLogger, StreamMessageReader } from "vscode-jsonrpc/node";
import {
  type ConfigureParams,
  METHODS,
  type OpenParams,
  type PromptParams,
  type SteerParams,
} from "../wire.ts";
import { FrameWriter, type Output } from "./frame-writer.ts";
import { RpcHost } from "./rpc-host.ts";
import { Session, type SessionDeps } from "./session.ts";

/** How long what was started may take to end once the server is gone, in ms: a command is killed 3 s after it was asked to end. */
const CLOSE_MS = 5_000;

type ProgramDeps = Omit<SessionDeps, "host" | "announceHook"> & {
  input: Readable;
  output: Output;
  clock: Clock;
};

/** Resolves when the server has closed its side and nothing is left to end. */
export async function runProgram({ input, output, ...deps }: ProgramDeps): Promise<void> {
  const writer = new FrameWriter(output);
  const connection = createMessageConnection(new StreamMessageReader(input), writer, NullLogger);
  const host = new RpcHost(connection);
  const session = new Session({ ...deps, host, announceHook: (params) => host.announceHook(params) });
  const closed = new Promise<void>((resolve) => {
    connection.onClose(resolve);
    input.once("end", resolve);
  });
  const answer = <Params>(method: string, reply: (params: Params) => unknown) =>
    connection.onRequest(method, async (params: Params): Promise<unknown> => reply(params));
  answer(METHODS.open, (params: OpenParams) => session.open(params));
  answer(METHODS.prompt, (params: PromptParams) => session.prompt(params));
  answer(METHODS.steer, ({ messageId }: SteerParams) => session.steer(messageId));
  answer(METHODS.configure, (params: ConfigureParams) => {
    session.configure(params);
    return null;
  });
  connection.onNotification(METHODS.cancel, () => session.cancel());
  connection.listen();
  await closed;
  // Whoever waits for an answer of the server's hears that none will come.
  connection.dispose();
  await within(deps.clock, CLOSE_MS, session.close());
}
