import { type Clock, errorText, within } from "@holdfast/kernel";
import { type GivenMcpServer, VERSION } from "@holdfast/protocol";
import {
  Client,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Tool as ServerTool,
  type Transport,
} from "@modelcontextprotocol/client";
import { boundedFetch } from "./bounded-fetch.ts";
import { MESSAGE_BYTES, StdioTransport } from "./stdio-transport.ts";

/** How long a server may take to start and to tell its tools, in ms. */
const START_MS = 30_000;

/** How long a server over http may take to be told that nobody comes back, and a connection to close, in ms. */
const LEAVE_MS = 1_000;
const CLOSE_MS = 6_000;

export type McpPlace = {
  directory: string;
  environment: Readonly<Record<string, string>>;
  signal: AbortSignal;
  clock: Clock;
  /** Ids of tools that are there already. */
  taken: readonly string[];
};

export type Connection = { client: Client; tools: ServerTool[]; close(): Promise<void> };

/** Starts or reaches a server, and learns its tools. Rejects when it does not answer, with nothing of it left. */
export async function connect(server: GivenMcpServer, place: McpPlace): Promise<Connection> {
  const { clock, signal } = place;
  const late = new AbortController();
  const timer = clock.after(START_MS, () =>
    late.abort(new Error(`it did not answer within ${START_MS / 1_000} s`)),
  );
  const both = AbortSignal.any([signal, late.signal]);
  const transport = transportTo(server, place);
  const client = new Client({ name: "holdfast", version: VERSION }, { capabilities: {} });
  let trouble: Error | undefined;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the client has no events to listen to
  client.onerror = (error) => (trouble = error);
  const close = async () => {
    if (transport instanceof StreamableHTTPClientTransport)
      await within(clock, LEAVE_MS, transport.terminateSession()).catch(() => undefined);
    await within(clock, CLOSE_MS, Promise.all([client.close(), transport.close()])).catch(() => undefined);
  };
  try {
    const asked = { signal: both, timeout: START_MS };
    const learnt = client.connect(transport, asked).then(() => toolsOf(client, asked));
    return { client, tools: await Promise.race([learnt, aborted(both)]), close };
  } catch (error) {
    await close();
    // That it was closed says less than why.
    throw /closed/i.test(errorText(error)) && trouble !== undefined ? trouble : error;
  } finally {
    timer.cancel();
  }
}

async function toolsOf(
  client: Client,
  asked: { signal: AbortSignal; timeout: number },
): Promise<ServerTool[]> {
  if (client.getServerCapabilities()?.tools === undefined) return [];
  const { tools } = await client.listTools(undefined, asked);
  return tools;
}

function transportTo(server: GivenMcpServer, { clock, directory, environment }: McpPlace): Transport {
  if (server.type === "stdio") {
    const { command, args = [], env = {} } = server;
    return new StdioTransport(clock, { command, args, directory, environment: { ...environment, ...env } });
  }
  const options = { requestInit: { headers: { ...server.headers } }, fetch: boundedFetch(MESSAGE_BYTES) };
  const url = new URL(server.url);
  if (server.type === "http") return new StreamableHTTPClientTransport(url, options);
  // oxlint-disable-next-line typescript/no-deprecated -- a server may have the older transport only, and is set as one that does
  return new SSEClientTransport(url, options);
}

/** Rejects with the signal's reason once it aborts. */
export function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason as Error);
  if (signal.aborted) leave();
  else signal.addEventListener("abort", leave, { once: true });
  promise.catch(() => undefined);
  return promise;
}
