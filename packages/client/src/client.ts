/** The typed client (I-1): one method per call of the contract. Every POST carries an idempotency key (D-5). */
import {
  accessCodeSchema,
  type Admitted,
  type AdmitInput,
  admittedSchema,
  agentListSchema,
  agentSessionListSchema,
  agentSessionSchema,
  authenticateSchema,
  browserTokenSchema,
  type CreateSession,
  diagnosticsSchema,
  fileListSchema,
  healthSchema,
  historyPageSchema,
  HTTP_LIMITS,
  type Input,
  inputListSchema,
  inputSchema,
  liveAgentListSchema,
  modelListSchema,
  type Message,
  messageListSchema,
  type PatchInput,
  type PatchSession,
  type PatchWorkspace,
  partSchema,
  permissionListSchema,
  permissionRuleListSchema,
  permissionSchema,
  type QuestionAnswer,
  questionListSchema,
  questionSchema,
  resourceListSchema,
  type ReplyPermission,
  serverTokenSchema,
  sessionListSchema,
  sessionSchema,
  symbolListSchema,
  todoListSchema,
  tokenListSchema,
  type TurnResult,
  turnListSchema,
  turnResultSchema,
  turnSchema,
  workspaceSchema,
} from "@holdfast/protocol";
import { at, type CallOptions, nothing } from "./call.ts";
import { changeCalls } from "./change-calls.ts";
import { refCalls } from "./ref-calls.ts";
import { shareCalls } from "./share-calls.ts";
import { stopAndSend } from "./stop-and-send.ts";
import { type FeedOptions, type FeedItem, streamFeed } from "./stream-feed.ts";
import { type SessionStreamItem, type SessionStreamOptions, streamSession } from "./stream-session.ts";
import { createTransport, type Shape, type Transport, type TransportConfig } from "./transport.ts";
import { WORKTREE_TIMEOUT_MS, worktreeCalls } from "./worktree-calls.ts";

/** How long a login may take: the server gives a person 5 minutes in a browser, in ms. */
const LOGIN_TIMEOUT_MS = 330_000;

/** A page's place: `before` takes an answer's `next` (older), `after` its `prev` (newer). */
export type PageQuery = { limit?: number; before?: string; after?: string };

export type SessionQuery = PageQuery & {
  directory?: string;
  /** Of a project, wherever they work: in its directory or in its worktrees. */
  projectId?: string;
  archived?: boolean;
  parentId?: string;
  roots?: boolean;
  title?: string;
};

/** What came of waiting for a turn's end: the turn with its messages, or only what was admitted when the time was up first. */
export type Waited = ({ ended: true } & TurnResult) | ({ ended: false } & Admitted);

/** How long the content of a blob may take, in ms: the largest has some 24 MiB. */
const BLOB_MS = 120_000;

/** How much longer than the server's own wait the client waits, in ms. */
const WAIT_GRACE_MS = 15_000;

function either<A, B>(one: Shape<A>, other: Shape<B>): Shape<A | B> {
  return {
    safeParse(value) {
      const first = one.safeParse(value);
      return first.success ? first : other.safeParse(value);
    },
  };
}

export type HoldfastClient = ReturnType<typeof createClient>;

/** A client of the server at `url`. `token` is the server's token or a browser token; without one only health and the exchange of a code work. */
export function createClient(config: TransportConfig) {
  const transport = createTransport(config);
  const queue = queueCalls(transport);
  const turns = turnCalls(transport);
  return {
    ...serverCalls(transport),
    ...sessionCalls(transport),
    ...queue,
    ...turns,
    /** Admits an input, stops the turn, and lets the input come next, for agents that take nothing into a running turn. Repeatable with a key of the caller's own. */
    stopAndSend: stopAndSend({ ...queue, ...turns }),
    ...inboxCalls(transport),
    ...changeCalls(transport),
    ...shareCalls(transport),
    ...worktreeCalls(transport),
    ...refCalls(transport),
    /** The whole content that a session keeps under a `blob:<hash>`. One try. Rejects as other calls do. */
    readBlob: async (sessionId: string, hash: string, options: { signal?: AbortSignal } = {}) => {
      const signal = options.signal ?? AbortSignal.timeout(BLOB_MS);
      const response = await transport.open(at("sessions", sessionId, "blobs", hash), { signal });
      return new Uint8Array(await response.arrayBuffer());
    },
    /** Events of one session from a cursor on, without an end until the signal aborts or the session is deleted (`SessionStreamItem`). */
    streamSession: (options: SessionStreamOptions): AsyncGenerator<SessionStreamItem> =>
      streamSession(transport, options),
    /** Events of a workspace or of everything, without an end until the signal aborts. */
    streamFeed: (options: FeedOptions): AsyncGenerator<FeedItem> => streamFeed(transport, options),
  };
}

function serverCalls({ send }: Transport) {
  return {
    health: async (options?: CallOptions) => (await send("GET", at("health"), healthSchema, options)).value,
    /** Findings and figures of a running server, as `doctor` shows them. */
    diagnostics: async (options?: CallOptions) =>
      (await send("GET", at("diagnostics"), diagnosticsSchema, options)).value,
    listAgents: async (options?: CallOptions) =>
      (await send("GET", at("agents"), agentListSchema, options)).value,
    /** The agents that live now, and how many may. */
    listLiveAgents: async (options?: CallOptions) =>
      (await send("GET", at("agents", "live"), liveAgentListSchema, options)).value,
    /** Models that the native agent can be asked for; of none, what to do. */
    listModels: async (options?: CallOptions) =>
      (await send("GET", at("models"), modelListSchema, options)).value,
    getWorkspace: async (id: string, options?: CallOptions) =>
      (await send("GET", at("workspaces", id), workspaceSchema, options)).value,
    /** Says whether turns that may write run one at a time in a workspace, or beside each other. */
    patchWorkspace: async (id: string, body: PatchWorkspace, options?: CallOptions) =>
      (await send("PATCH", at("workspaces", id), workspaceSchema, { ...options, body })).value,
    searchFiles: async (workspaceId: string, q: string, options?: CallOptions) =>
      (
        await send("GET", at("workspaces", workspaceId, "files"), fileListSchema, {
          ...options,
          query: { q },
        })
      ).value,
    /** The symbols of a source file of the workspace, as `@path#symbol` names them. */
    listSymbols: async (workspaceId: string, path: string, options?: CallOptions) =>
      (
        await send("GET", at("workspaces", workspaceId, "symbols"), symbolListSchema, {
          ...options,
          query: { path },
        })
      ).value,
    /** Exchanges the one-time code of `holdfast open` for a browser token (I-6). */
    exchangeCode: async (code: string, options?: CallOptions) =>
      (await send("POST", at("auth", "browser"), browserTokenSchema, { ...options, body: { code } })).value,
    createAccessCode: async (options?: CallOptions) =>
      (await send("POST", at("auth", "codes"), accessCodeSchema, { ...options, body: {} })).value,
    listTokens: async (options?: CallOptions) =>
      (await send("GET", at("auth", "tokens"), tokenListSchema, options)).value,
    /** Replaces the server's token; the client made with the old one is of no use afterwards. */
    rotateToken: async (options?: CallOptions) =>
      (await send("POST", at("auth", "rotate"), serverTokenSchema, { ...options, body: {} })).value,
    revokeToken: async (id: string, options?: CallOptions): Promise<void> => {
      await send("DELETE", at("auth", "tokens", id), nothing, options);
    },
  };
}

function sessionCalls({ send }: Transport) {
  const session = (id: string, ...rest: string[]) => at("sessions", id, ...rest);
  return {
    /** With `worktree` it resolves when the worktree is there and set up. */
    createSession: async (body: CreateSession, options?: CallOptions) => {
      const timeoutMs = body.worktree === true ? WORKTREE_TIMEOUT_MS : undefined;
      return (await send("POST", at("sessions"), sessionSchema, { ...options, body, timeoutMs })).value;
    },
    listSessions: async (query: SessionQuery = {}, options?: CallOptions) =>
      (await send("GET", at("sessions"), sessionListSchema, { ...options, query })).value,
    getSession: async (id: string, options?: CallOptions) =>
      (await send("GET", session(id), sessionSchema, options)).value,
    /** What the MCP servers have that the session's agents are given, as `@mcp://server/uri` names it; it starts them for that. */
    listResources: async (id: string, options?: CallOptions) =>
      (await send("GET", `${session(id)}/resources`, resourceListSchema, options)).value,
    patchSession: async (id: string, body: PatchSession, options?: CallOptions) =>
      (await send("PATCH", session(id), sessionSchema, { ...options, body })).value,
    /**
     * Refused with RISK_UNCONFIRMED while work would be lost, unless `discard`. Its shares are taken back, or with `keepShares` left as they are once all was
     * sent: CONFLICT where that cannot be.
     */
    deleteSession: async (
      id: string,
      options: CallOptions & { discard?: boolean; keepShares?: boolean } = {},
    ): Promise<void> => {
      const query = {
        ...(options.discard === true ? { discard: true } : {}),
        ...(options.keepShares === true ? { keepShares: true } : {}),
      };
      await send("DELETE", session(id), nothing, { ...options, query, timeoutMs: WORKTREE_TIMEOUT_MS });
    },
    /** A page of the history, chronological inside, the newest page first. */
    listMessages: async (id: string, query: PageQuery = {}, options?: CallOptions) =>
      (await send("GET", session(id, "messages"), messageListSchema, { ...options, query })).value,
    /** The whole history, the newest message first; asks for the next page when it is needed. Ends at the oldest, or with what a page is refused for. */
    async *readBackwards(id: string, options?: CallOptions): AsyncGenerator<Message, void, undefined> {
      let before: string | undefined;
      do {
        const query = { limit: HTTP_LIMITS.pageLimit, before };
        const page = await send("GET", session(id, "history"), historyPageSchema, { ...options, query });
        yield* page.value.items;
        before = page.value.next;
      } while (before !== undefined);
    },
    getPart: async (messageId: string, partId: string, options?: CallOptions) =>
      (await send("GET", at("messages", messageId, "parts", partId), partSchema, options)).value,
    listTurns: async (id: string, query: PageQuery = {}, options?: CallOptions) =>
      (await send("GET", session(id, "turns"), turnListSchema, { ...options, query })).value,
    listTodos: async (id: string, options?: CallOptions) =>
      (await send("GET", session(id, "todos"), todoListSchema, options)).value,
    /** Closes an idle agent of a session; repeating is harmless. Its end comes as an event; the next turn resumes it. */
    closeAgent: async (id: string, agent: string, options?: CallOptions) =>
      (
        await send("POST", session(id, "agents", agent, "close"), agentSessionSchema, {
          ...options,
          body: {},
        })
      ).value,
    /** Logs in to an agent by a method of its own; a person may have to do their part in a browser on the server's machine, within 5 minutes. */
    authenticateAgent: async (id: string, agent: string, methodId: string, options?: CallOptions) =>
      (
        await send("POST", session(id, "agents", agent, "authenticate"), authenticateSchema, {
          timeoutMs: LOGIN_TIMEOUT_MS,
          ...options,
          body: { methodId },
        })
      ).value,
    listAgentSessions: async (id: string, options?: CallOptions) =>
      (await send("GET", session(id, "agents"), agentSessionListSchema, options)).value,
  };
}

function queueCalls({ send }: Transport) {
  return {
    /** Admits an input; it is durable when this resolves (D-5). */
    admitInput: async (sessionId: string, body: AdmitInput, options?: CallOptions) =>
      (await send("POST", at("sessions", sessionId, "inputs"), admittedSchema, { ...options, body })).value,
    /** Admits an input and waits up to `timeoutMs` for its turn's end; leaving early cancels nothing. */
    admitInputAndWait: async (
      sessionId: string,
      body: AdmitInput,
      options: CallOptions & { timeoutMs: number },
    ): Promise<Waited> => {
      const answer = await send(
        "POST",
        at("sessions", sessionId, "inputs"),
        either(turnResultSchema, admittedSchema),
        {
          ...options,
          body,
          query: { wait: true, timeout: options.timeoutMs },
          timeoutMs: options.timeoutMs + WAIT_GRACE_MS,
        },
      );
      return "messages" in answer.value
        ? { ended: true, ...answer.value }
        : { ended: false, ...answer.value };
    },
    listInputs: async (sessionId: string, query: { state?: Input["state"] } = {}, options?: CallOptions) =>
      (await send("GET", at("sessions", sessionId, "inputs"), inputListSchema, { ...options, query })).value,
    editInput: async (id: string, body: PatchInput, options?: CallOptions) =>
      (await send("PATCH", at("inputs", id), inputSchema, { ...options, body })).value,
    removeInput: async (id: string, options?: CallOptions): Promise<void> => {
      await send("DELETE", at("inputs", id), nothing, options);
    },
    /** `inputIds` go first, in this order. */
    reorderQueue: async (sessionId: string, inputIds: string[], options?: CallOptions): Promise<void> => {
      await send("POST", at("sessions", sessionId, "queue", "reorder"), nothing, {
        ...options,
        body: { inputIds },
      });
    },
    resumeQueue: async (sessionId: string, options?: CallOptions): Promise<void> => {
      await send("POST", at("sessions", sessionId, "queue", "resume"), nothing, { ...options, body: {} });
    },
  };
}

function turnCalls({ send }: Transport) {
  return {
    getTurn: async (id: string, options?: CallOptions) =>
      (await send("GET", at("turns", id), turnSchema, options)).value,
    /** Stops a turn, for the queued input `next` where there is one, which then goes first; repeating is harmless. The turn's end comes as an event. */
    cancelTurn: async (id: string, { next, ...options }: CallOptions & { next?: string } = {}) =>
      (await send("POST", at("turns", id, "cancel"), turnSchema, { ...options, body: { next } })).value,
    /** Goes on after a turn that was interrupted, or that ended at a usage limit and then at its reset (D-19, A-29). */
    resumeTurn: async (id: string, options?: CallOptions) =>
      (await send("POST", at("turns", id, "resume"), admittedSchema, { ...options, body: {} })).value,
  };
}

function inboxCalls({ send }: Transport) {
  return {
    listPermissions: async (query: { state?: "pending"; sessionId?: string } = {}, options?: CallOptions) =>
      (await send("GET", at("permissions"), permissionListSchema, { ...options, query })).value,
    getPermission: async (id: string, options?: CallOptions) =>
      (await send("GET", at("permissions", id), permissionSchema, options)).value,
    /** The first answer wins; the next is refused with ALREADY_REPLIED. */
    replyPermission: async (id: string, body: ReplyPermission, options?: CallOptions) =>
      (await send("POST", at("permissions", id, "reply"), permissionSchema, { ...options, body })).value,
    listQuestions: async (query: { state?: "pending"; sessionId?: string } = {}, options?: CallOptions) =>
      (await send("GET", at("questions"), questionListSchema, { ...options, query })).value,
    getQuestion: async (id: string, options?: CallOptions) =>
      (await send("GET", at("questions", id), questionSchema, options)).value,
    /** Rejects with ALREADY_REPLIED when somebody else was first, and with UNPROCESSABLE and its issues when the answer does not fit the fields. */
    replyQuestion: async (id: string, body: QuestionAnswer, options?: CallOptions) =>
      (await send("POST", at("questions", id, "reply"), questionSchema, { ...options, body })).value,
    listPermissionRules: async (query: { sessionId?: string } = {}, options?: CallOptions) =>
      (await send("GET", at("permission-rules"), permissionRuleListSchema, { ...options, query })).value,
    revokePermissionRule: async (id: string, options?: CallOptions): Promise<void> => {
      await send("DELETE", at("permission-rules", id), nothing, options);
    },
  };
}
