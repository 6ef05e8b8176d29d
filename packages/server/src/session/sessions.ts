import { HoldfastError, notFound } from "@holdfast/kernel";
import type {
  AdmitInput,
  Admitted,
  AgentSession,
  AgentSessionList,
  CommentChange,
  CreateSession,
  Input,
  InputId,
  InputList,
  HistoryPage,
  Message,
  MessageId,
  MessageInfo,
  MessageList,
  Part,
  PartId,
  PatchInput,
  PatchSession,
  PatchWorkspace,
  Permission,
  PermissionId,
  PermissionList,
  PermissionRule,
  PermissionRuleId,
  Question,
  QuestionId,
  QuestionList,
  ResourceList,
  RiskReport,
  Session,
  SessionId,
  SessionList,
  SymbolList,
  Todo,
  Turn,
  TurnId,
  TurnList,
  TurnResult,
  Usage,
  Workspace,
  WorkspaceId,
} from "@holdfast/protocol";
import type { Applied, SessionFilter } from "../store/index.ts";
import { admitInput, editInput, requireInput } from "./admit.ts";
import { requireAgent } from "./agent-choice.ts";
import { patchSession, requireSession } from "./change.ts";
import { WorktreeSessions } from "./create-in-worktree.ts";
import { createSession } from "./create.ts";
import type { PageQuery } from "./cursor.ts";
import { deleteSession, sessionRisk } from "./delete.ts";
import type { Caller, SessionDeps } from "./deps.ts";
import { FileNames } from "./file-names.ts";
import { fileSymbols } from "./file-symbols.ts";
import {
  pageMessages,
  removeMessage,
  removePart,
  requireMessage,
  requirePart,
  readBackwards,
  updateMessage,
  updatePart,
} from "./history.ts";
import { listAgents, listSessions, listTurns, readUsage, requireWorkspace } from "./lists.ts";
import { madeBefore } from "./made-before.ts";
import { requireTurn, resumeTurn } from "./resume.ts";

/** Commands and queries on sessions. Every refusal is a HoldfastError; reads of something unknown reject NOT_FOUND. */
export type Sessions = {
  create(request: CreateSession, caller: Caller): Promise<Applied<Session>>;
  get(id: SessionId): Promise<Session>;
  list(query: PageQuery & { filter: SessionFilter }): Promise<SessionList>;
  patch(id: SessionId, request: PatchSession, caller: Caller): Promise<Applied<Session>>;
  /** With `discard` also what would be lost of its worktree. RISK_UNCONFIRMED without (W-10). */
  delete(
    id: SessionId,
    caller: Caller,
    options: { discard: boolean; keepShares?: boolean | undefined },
  ): Promise<void>;
  risk(id: SessionId): Promise<RiskReport>;

  admit(id: SessionId, request: AdmitInput, caller: Caller): Promise<Applied<Admitted>>;
  /** A remark on a line of a change, as an input for the agent that made it, or for whom is named (W-6). */
  commentChange(id: WorkspaceId, request: CommentChange, caller: Caller): Promise<Applied<Admitted>>;
  listInputs(id: SessionId, state?: Input["state"]): Promise<InputList>;
  getInput(id: InputId): Promise<Input>;
  editInput(id: InputId, words: PatchInput, caller: Caller): Promise<Applied<Input>>;
  removeInput(id: InputId, caller: Caller): Promise<Applied<Input>>;
  reorderQueue(id: SessionId, inputIds: InputId[], caller: Caller): Promise<Applied<InputList>>;
  resumeQueue(id: SessionId, caller: Caller): Promise<Applied<Session>>;

  getTurn(id: TurnId): Promise<Turn>;
  listTurns(id: SessionId, query: { limit: number; before?: string | undefined }): Promise<TurnList>;
  /** `next`: a queued input of the session that comes next; the queue goes on with it. */
  cancelTurn(id: TurnId, next: InputId | undefined, caller: Caller): Promise<Applied<Turn>>;
  resumeTurn(id: TurnId, caller: Caller): Promise<Applied<Admitted>>;
  /** Closes an idle agent of a session by hand; repeating is harmless. Rejects SESSION_BUSY while it is used. */
  closeAgent(id: SessionId, agent: string): Promise<AgentSession>;
  /** Logs in to an agent by one of its own methods. Rejects NOT_FOUND, SESSION_BUSY while it is used, UNPROCESSABLE and AGENT_UNAVAILABLE. */
  authenticate(id: SessionId, agent: string, methodId: string, signal: AbortSignal): Promise<void>;
  /** The ended turn (the one it was merged into, if so) with its messages; `undefined` when the time is over or the caller left. */
  waitForTurn(id: TurnId, timeoutMs: number, signal: AbortSignal): Promise<TurnResult | undefined>;
  /** The current state of what was admitted. */
  admitted(id: InputId): Promise<Admitted>;

  messages(id: SessionId, query: PageQuery): Promise<MessageList>;
  /** The history newest first, page by page: all of it with bounded memory. */
  readBackwards(id: SessionId, query: Pick<PageQuery, "limit" | "before">): Promise<HistoryPage>;
  getMessage(id: MessageId): Promise<Message>;
  updateMessage(id: MessageId, info: MessageInfo, caller: Caller): Promise<Applied<Message>>;
  removeMessage(id: MessageId, caller: Caller): Promise<void>;
  getPart(messageId: MessageId, partId: PartId): Promise<Part>;
  updatePart(part: Part, caller: Caller): Promise<Applied<Part>>;
  removePart(messageId: MessageId, partId: PartId, caller: Caller): Promise<void>;

  todos(id: SessionId): Promise<{ items: Todo[]; seq: number }>;
  agents(id: SessionId): Promise<AgentSessionList>;
  usage(id: SessionId): Promise<{ usage: Usage; agents: { agent: string; usage: Usage }[]; seq: number }>;
  blob(id: SessionId, hash: string): Promise<{ bytes: Uint8Array; mime: string }>;
  permissions(query: { state?: Permission["state"]; sessionId?: SessionId }): Promise<PermissionList>;
  getPermission(id: PermissionId): Promise<Permission>;
  questions(query: { state?: Question["state"]; sessionId?: SessionId }): Promise<QuestionList>;
  getQuestion(id: QuestionId): Promise<Question>;
  permissionRules(): Promise<PermissionRule[]>;
  revokePermissionRule(id: PermissionRuleId, caller: Caller): Promise<void>;
  /** What the MCP servers have that its agents are given. */
  resources(id: SessionId): Promise<ResourceList>;
  workspace(id: WorkspaceId): Promise<Workspace>;
  /** Lets the turns start that waited for a workspace which is shared now. */
  patchWorkspace(id: WorkspaceId, request: PatchWorkspace, caller: Caller): Promise<Applied<Workspace>>;
  /** File names of a workspace that match, best first. */
  files(id: WorkspaceId, query: string, limit: number): Promise<string[]>;
  /** The symbols of one of its files. Rejects PATH_ESCAPES, TOO_LARGE, and UNPROCESSABLE for what is no readable file. */
  symbols(id: WorkspaceId, path: string): Promise<SymbolList>;
};

/** Opens the session room. */
export function createSessions(deps: SessionDeps): Sessions {
  return { ...commandsOf(deps), ...queriesOf(deps) };
}

function commandsOf(deps: SessionDeps) {
  const { store, turns } = deps;
  const inWorktrees = new WorktreeSessions(deps);
  return {
    create: (request, caller) =>
      request.worktree === true ? inWorktrees.create(request, caller) : createSession(deps, request, caller),
    patch: (id, request, caller) => patchSession(deps, id, request, caller),
    delete: (id, caller, options) => deleteSession(deps, id, caller, options),
    async patchWorkspace(workspaceId, { concurrency }, caller) {
      const applied = await store.patchWorkspace({ ...caller, workspaceId, concurrency });
      turns.wakeWorkspace(workspaceId);
      return applied;
    },
    admit: (id, request, caller) => admitInput(deps, id, request, caller),
    commentChange: (id, request, caller) => commentChange(deps, id, request, caller),
    editInput: (id, words, caller) => editInput(deps, id, words, caller),
    async removeInput(inputId, caller) {
      await requireInput(deps, inputId);
      return store.removeInput({ ...caller, inputId });
    },
    async reorderQueue(sessionId, inputIds, caller) {
      await requireSession(deps, sessionId);
      const { replayed } = await store.reorderInputs({ ...caller, sessionId, inputIds });
      return { value: await store.listInputs({ sessionId, state: "queued" }), replayed };
    },
    async resumeQueue(sessionId, caller) {
      await requireSession(deps, sessionId);
      const applied = await store.resumeQueue({ ...caller, sessionId });
      turns.wake(sessionId, { byHand: true });
      return applied;
    },
    async cancelTurn(turnId, next, caller) {
      const { sessionId } = await requireTurn(deps, turnId);
      const cancelled = await turns.cancel({ ...caller, turnId, next });
      if (next !== undefined) turns.wake(sessionId, { byHand: true });
      return cancelled;
    },
    resumeTurn: (id, caller) => resumeTurn(deps, id, caller),
    closeAgent: (id, agent) => closeAgent(deps, id, agent),
    authenticate: (...login) => authenticate(deps, ...login),
    updateMessage: (id, info, caller) => updateMessage(deps, id, info, caller),
    removeMessage: (id, caller) => removeMessage(deps, id, caller),
    updatePart: (part, caller) => updatePart(deps, part, caller),
    removePart: (messageId, partId, caller) => removePart(deps, messageId, partId, caller),
    async revokePermissionRule(id, caller) {
      if (!(await store.revokePermissionRule({ ...caller, id }))) throw notFound("permission rule", id);
    },
  } satisfies Partial<Sessions>;
}

function queriesOf(deps: SessionDeps) {
  const { store, turns } = deps;
  const names = new FileNames(deps);
  return {
    get: (id) => requireSession(deps, id),
    risk: (id) => sessionRisk(deps, id),
    list: (query) => listSessions(deps, query),
    async listInputs(sessionId, state) {
      await requireSession(deps, sessionId);
      return store.listInputs(state === undefined ? { sessionId } : { sessionId, state });
    },
    getTurn: (id) => requireTurn(deps, id),
    listTurns: (id, query) => listTurns(deps, id, query),
    async waitForTurn(id, timeoutMs, signal) {
      const turn = await turns.finished(id, timeoutMs, signal);
      return turn === undefined ? undefined : { turn, messages: await store.messagesOfTurn(turn.id) };
    },
    async admitted(inputId) {
      const input = await requireInput(deps, inputId);
      const [turn, message] = await Promise.all([
        requireTurn(deps, input.turnId),
        requireMessage(deps, input.messageId),
      ]);
      return { input, turn, message };
    },
    messages: (id, query) => pageMessages(deps, id, query),
    readBackwards: (id, query) => readBackwards(deps, id, query),
    getInput: (id) => requireInput(deps, id),
    getMessage: (id) => requireMessage(deps, id),
    getPart: (messageId, partId) => requirePart(deps, messageId, partId),
    async todos(id) {
      await requireSession(deps, id);
      return store.listTodos(id);
    },
    agents: (id) => listAgents(deps, id),
    usage: (id) => readUsage(deps, id),
    async blob(sessionId, hash) {
      const blob = await store.getBlob({ hash, sessionId });
      if (blob === undefined) throw notFound("blob", hash);
      return blob;
    },
    permissions: async (query) => {
      const items = await store.listPermissions(query);
      return { items, total: Math.max(items.length, await store.countPermissions(query)) };
    },
    async getPermission(id) {
      const permission = await store.getPermission(id);
      if (permission === undefined) throw notFound("permission request", id);
      return permission;
    },
    questions: async (query) => {
      const items = await store.listQuestions(query);
      return { items, total: Math.max(items.length, await store.countQuestions(query)) };
    },
    async getQuestion(id) {
      const question = await store.getQuestion(id);
      if (question === undefined) throw notFound("question", id);
      return question;
    },
    permissionRules: () => store.listPermissionRules({}),
    workspace: (id) => requireWorkspace(deps, id),
    async resources(sessionId) {
      const { directory } = await requireSession(deps, sessionId);
      return deps.resources.list({ sessionId, directory, servers: await store.givenServers(sessionId) });
    },
    async files(id, query, limit) {
      return names.find((await requireWorkspace(deps, id)).directory, query, limit);
    },
    async symbols(id, path) {
      return fileSymbols(deps, (await requireWorkspace(deps, id)).directory, path);
    },
  } satisfies Partial<Sessions>;
}

/**
 * Closes an idle agent of a session by hand; the next turn that wants it resumes it. One that does not live is closed already. Answers
 * what is known of it now: its end may still be under way. Rejects NOT_FOUND, and SESSION_BUSY while a turn starts, runs or ends.
 */
async function closeAgent(deps: SessionDeps, id: SessionId, agent: string): Promise<AgentSession> {
  const { items } = await listAgents(deps, id);
  const known = items.find((each) => each.agent === agent);
  if (known === undefined) throw notFound(`agent of the session ${id}`, agent);
  letGo(deps, id, agent);
  return known;
}

function letGo(deps: SessionDeps, id: SessionId, agent: string): void {
  if (deps.turns.closeAgent(id, agent)) return;
  throw new HoldfastError(
    "SESSION_BUSY",
    `The agent ${agent} of session ${id} is at work. Stop its turn first.`,
  );
}

/** The next turn opens the agent anew, so that it finds what the login left. */
async function authenticate(
  deps: SessionDeps,
  id: SessionId,
  agent: string,
  methodId: string,
  signal: AbortSignal,
): Promise<void> {
  const { directory } = await requireSession(deps, id);
  await requireAgent(deps, agent);
  letGo(deps, id, agent);
  await deps.turns.authenticate({ sessionId: id, agent, directory, methodId, signal });
}

/** A remark on a line of a change, admitted as an input (W-6). Rejects what the remark and its admission refuse. */
function commentChange(
  deps: SessionDeps,
  workspaceId: WorkspaceId,
  request: CommentChange,
  caller: Caller,
): Promise<Applied<Admitted>> {
  return deps.changes.remark(workspaceId, request).then(
    ({ sessionId, agent, text }) =>
      admitInput(deps, sessionId, { parts: [{ type: "text", text }], agent }, caller),
    (refusal: unknown) => madeBefore(deps, caller, "admitted", refusal),
  );
}
