import { resolve, sep } from "node:path";
import { type Clock, errorText, within } from "@holdfast/kernel";
import { type GivenMcpServer, type SessionId, VERSION } from "@holdfast/protocol";
import {
  Client,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Transport,
} from "@modelcontextprotocol/client";
import { findProgram } from "../agents/index.ts";
import { launchProcess, type LaunchDeps } from "../process/index.ts";
import { secretsOf } from "../store/index.ts";
import { aborted } from "./aborted.ts";
import { boundedFetch } from "./bounded-fetch.ts";
import { MESSAGE_BYTES, StdioTransport } from "./stdio-transport.ts";

/** A session, and where its programs work. */
export type ConnectPlace = { sessionId: SessionId; directory: string };

export type Connection = {
  client: Client;
  /** The error itself, or what its transport told before where that only says that it is closed. */
  reasonOf(error: unknown): unknown;
  /** Resolves when nothing of it lives. */
  close(): Promise<void>;
};

/** How long a server over http may take to be told that nobody comes back, in ms. */
const LEAVE_MS = 1_000;

/** How long a connection may take to close, in ms: more than a program has to end. */
const CLOSE_MS = 5_000;

/** Connects to a server of MCP; a program is started in the session's directory, as agents do. Rejects when it does not answer, with nothing of it left. */
export async function connect(
  { launch, clock }: { launch: LaunchDeps; clock: Clock },
  place: ConnectPlace,
  server: GivenMcpServer,
  { signal, timeout }: { signal: AbortSignal; timeout: number },
): Promise<Connection> {
  const transport = await transportTo(launch, place, server);
  const client = new Client({ name: "holdfast", version: VERSION }, { capabilities: {} });
  let trouble: Error | undefined;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the client has no events to listen to
  client.onerror = (error) => (trouble = error);
  const reasonOf = (error: unknown) => (/closed/i.test(errorText(error)) ? (trouble ?? error) : error);
  const close = async () => {
    if (transport instanceof StreamableHTTPClientTransport)
      await within(clock, LEAVE_MS, transport.terminateSession()).catch(() => undefined);
    await within(clock, CLOSE_MS, Promise.all([client.close(), transport.close()]));
  };
  try {
    signal.throwIfAborted();
    // What opens a stream does not look at the signal.
    await Promise.race([client.connect(transport, { signal, timeout }), aborted(signal)]);
  } catch (error) {
    await close().catch(() => undefined);
    throw reasonOf(error);
  }
  return { client, close, reasonOf };
}

async function transportTo(
  launch: LaunchDeps,
  { sessionId, directory }: ConnectPlace,
  server: GivenMcpServer,
): Promise<Transport> {
  if (server.type !== "stdio") {
    const options = { requestInit: { headers: { ...server.headers } }, fetch: boundedFetch(MESSAGE_BYTES) };
    const url = new URL(server.url);
    if (server.type === "http") return new StreamableHTTPClientTransport(url, options);
    // oxlint-disable-next-line typescript/no-deprecated -- a server may have the older transport only, and is set as one that does
    return new SSEClientTransport(url, options);
  }
  const { name, command, args = [], env = {} } = server;
  const named = command.includes(sep) ? resolve(directory, command) : command;
  const program = await findProgram(named, launch.environment["PATH"] ?? "");
  if (program === undefined) throw new Error(`the program ${command} was not found`);
  return new StdioTransport(() =>
    launchProcess(launch, {
      argv: [program.path, ...args],
      cwd: directory,
      environment: { inherit: "user", set: env },
      sessionId,
      agent: `mcp:${name}`,
      secrets: secretsOf([server]),
    }),
  );
}
