/** How a session of the agent is opened: the one we know by resume or load, else a new one. Falling back is reported, never silent. */
import { type McpServer, RequestError } from "@agentclientprotocol/sdk";
import type { AuthMethod, Features, OpenedBy } from "@holdfast/protocol";
import { agentError } from "../agent-error.ts";
import { AgentFailure } from "../port.ts";
import { loginError } from "./auth-methods.ts";
import type { Connection } from "./connection.ts";
import { classifyRefusal, describeError, type OpenRefusal } from "./request-error.ts";
import type { SessionFeed } from "./session-feed.ts";
import { isObject } from "./wire-message.ts";

/** Longest waits for an answer, in ms. A cold session/new took 46 s on a real machine; a load replays all history first. */
export type AcpTimeouts = {
  initializeMs: number;
  newMs: number;
  loadMs: number;
  settingMs: number;
  closeMs: number;
};

export const ACP_TIMEOUTS: AcpTimeouts = {
  initializeMs: 60_000,
  newMs: 60_000,
  loadMs: 120_000,
  settingMs: 30_000,
  closeMs: 2_000,
};

/** Most pages of an agent's list of sessions that are read to learn whether a session is gone. */
const MAX_LIST_PAGES = 50;

export type Attempt = Exclude<OpenedBy, "live">;

/** What to try, in order. `create` is always last. */
export function openAttempts(
  known: string | undefined,
  features: Features,
  resumeBroken: boolean,
): Attempt[] {
  if (known === undefined) return ["create"];
  const attempts: Attempt[] = [];
  if (features.resume === "yes" && !resumeBroken) attempts.push("resume");
  if (features.load === "yes") attempts.push("load");
  return [...attempts, "create"];
}

/** What an agent's refusal of one attempt leads to. A broken answer may be tried another way, but never counts as gone: no new session for it. */
export function afterRefusal(refusal: OpenRefusal, rest: readonly Attempt[]): "next" | "login" | "fail" {
  if (refusal === "login") return "login";
  if (refusal === "broken") return rest[0] === "load" ? "next" : "fail";
  return rest.length > 0 ? "next" : "fail";
}

type OpenSession = {
  agent: string;
  authMethods: readonly AuthMethod[];
  cwd: string;
  mcpServers: readonly McpServer[];
  known: string | undefined;
  features: Features;
  resumeBroken: boolean;
  timeouts: AcpTimeouts;
  /** What else is asked of the agent, whichever way it is opened. */
  more: { _meta?: Record<string, unknown> };
};

/** Opens the session; the feed knows its id afterwards. Rejects with an `AgentFailure`. `unsupported` are ways that turned out not to exist. */
export async function openSession(
  connection: Connection,
  feed: SessionFeed,
  open: OpenSession,
): Promise<{ openedBy: Attempt; unsupported: Attempt[] }> {
  const attempts = openAttempts(open.known, open.features, open.resumeBroken);
  const unsupported: Attempt[] = [];
  for (const [index, attempt] of attempts.entries()) {
    try {
      await ask(connection, feed, attempt, open);
      return { openedBy: attempt, unsupported };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const refusal = classifyRefusal(error);
      if (refusal === "unsupported") unsupported.push(attempt);
      const rest = attempts.slice(index + 1);
      let next = afterRefusal(refusal, rest);
      if (next === "fail" && rest.length > 0 && (await isUnlisted(connection, open))) next = "next";
      if (next !== "next") throw refused(open, next, error, connection.process.stderrTail());
    }
  }
  throw new Error("the last attempt neither opened nor failed");
}

async function ask(
  connection: Connection,
  feed: SessionFeed,
  attempt: Attempt,
  open: OpenSession,
): Promise<void> {
  const { cwd, mcpServers, known, timeouts, more } = open;
  if (attempt === "create" || known === undefined) {
    await connection.request("open", "session/new", { cwd, mcpServers, ...more }, timeouts.newMs);
    if (feed.sessionId !== undefined && feed.sessionId !== known) return;
    throw new AgentFailure(
      "crashed",
      agentError({
        agent: open.agent,
        phase: "open",
        message: `${open.agent} opened a session without naming it.`,
      }),
    );
  }
  feed.expectReplay(known);
  const params = { sessionId: known, cwd, mcpServers, ...more };
  await connection.request("open", `session/${attempt}`, params, timeouts.loadMs);
}

/**
 * Whether the agent's own list, read to its end, does not name the session: the proof that it is gone where a refusal says only that
 * something failed (opencode 1.18 over ACP). An agent that cannot tell leaves the session as it is.
 */
async function isUnlisted(
  connection: Connection,
  { cwd, known, features, timeouts }: OpenSession,
): Promise<boolean> {
  if (features.list !== "yes") return false;
  let cursor: string | undefined;
  for (let page = 0; page < MAX_LIST_PAGES; page += 1) {
    const params = cursor === undefined ? { cwd } : { cwd, cursor };
    const answer = await connection
      .request("open", "session/list", params, timeouts.settingMs)
      .catch((error: unknown) => {
        if (error instanceof RequestError) return undefined;
        throw error;
      });
    const sessions = isObject(answer) ? answer["sessions"] : undefined;
    if (!isObject(answer) || !Array.isArray(sessions)) return false;
    if (sessions.some((each: unknown) => isObject(each) && each["sessionId"] === known)) return false;
    const next = answer["nextCursor"];
    if (typeof next !== "string" || next === "") return true;
    cursor = next;
  }
  return false;
}

function refused(
  { agent, authMethods }: OpenSession,
  why: "login" | "fail",
  error: RequestError,
  stderrTail: string | undefined,
): AgentFailure {
  const words = describeError(error);
  if (why === "fail")
    return new AgentFailure("crashed", agentError({ agent, phase: "open", message: words, stderrTail }));
  return new AgentFailure("unavailable", loginError(agent, words, authMethods));
}
