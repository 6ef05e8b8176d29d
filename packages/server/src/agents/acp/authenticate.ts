import { RequestError } from "@agentclientprotocol/sdk";
import { HoldfastError, isHoldfastError } from "@holdfast/kernel";
import type { LaunchDeps } from "../../process/index.ts";
import type { AgentDefinition } from "../catalog/index.ts";
import { AgentFailure, type LoginRequest } from "../port.ts";
import { authMethodsOf } from "./auth-methods.ts";
import { Connection } from "./connection.ts";
import { ACP_TIMEOUTS, type AcpTimeouts } from "./open-session.ts";
import { describeError } from "./request-error.ts";
import { SessionFeed } from "./session-feed.ts";
import { initialize, launch } from "./start.ts";

type LoginDeps = LaunchDeps & {
  definition(agent: string): Promise<AgentDefinition | undefined>;
  clientVersion: string;
  timeouts?: Partial<AcpTimeouts> | undefined;
};

/** How long a person may take in a browser that the agent opened, in ms. */
const LOGIN_MS = 300_000;

const unavailable = (message: string): HoldfastError => new HoldfastError("AGENT_UNAVAILABLE", message);

/**
 * Logs in by one of the agent's methods, in a process of its own: what a login leaves is the agent's business, and its next process finds it. Rejects with a
 * HoldfastError.
 */
export async function authenticate(deps: LoginDeps, request: LoginRequest): Promise<void> {
  const { agent, signal } = request;
  const definition = await deps.definition(agent);
  if (definition === undefined)
    throw unavailable(`The agent ${agent} is not installed, or has no such name.`);
  try {
    const started = await launch(deps, definition, { ...request, mcpServers: [] });
    const connection = new Connection(started, {
      agent,
      clock: deps.clock,
      listener: new SessionFeed({ emit: () => undefined }, definition.quirks),
      answerPermission: () => Promise.resolve({ outcome: { outcome: "cancelled" } }),
    });
    const abort = () => connection.abort("The login was stopped.");
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    try {
      await logIn(deps, definition, connection, request);
    } finally {
      signal.removeEventListener("abort", abort);
      await connection.stop({ from: definition.quirks.ignoresEof ? "term" : "eof" });
    }
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    if (error instanceof RequestError)
      throw unavailable(`${agent} refused the login: ${describeError(error)}.`);
    if (error instanceof AgentFailure) throw unavailable(error.message);
    throw error;
  }
}

async function logIn(
  deps: LoginDeps,
  definition: AgentDefinition,
  connection: Connection,
  { agent, methodId }: LoginRequest,
): Promise<void> {
  const { clientVersion } = deps;
  const { initializeMs } = { ...ACP_TIMEOUTS, ...deps.timeouts };
  const initialized = await initialize(definition, connection, { clientVersion, timeoutMs: initializeMs });
  const methods = authMethodsOf(initialized, definition);
  const method = methods.find(({ id }) => id === methodId);
  const refuse = (message: string) => new HoldfastError("UNPROCESSABLE", message);
  if (method === undefined) {
    const ids = methods.map(({ id }) => id).join(", ");
    throw refuse(
      `${agent} offers no login ${methodId}; ${ids === "" ? "it offers none" : `it offers ${ids}`}.`,
    );
  }
  if (method.command !== undefined)
    throw refuse(
      `The login ${methodId} of ${agent} needs a terminal. Run there: ${method.command.join(" ")}`,
    );
  await connection.request("open", "authenticate", { methodId }, LOGIN_MS);
}
