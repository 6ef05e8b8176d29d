/**
 * Permission requests: durable rows with a deadline and one answer.
 *
 *   ask ── mode says no ──────────────────────────► denied
 *    ├──── a stored rule covers it, or mode says yes ► once
 *    └──── row `pending`, as `waiting.ts` draws it
 *
 * - The agent only ever hears yes or no, once: `always` is our own rule, stored in the reply's transaction. A no that no person said is never told
 *   as a person's.
 * - A mode that refuses wins over a stored rule: a session made read-only stays so.
 * - The text that comes with a `reject` is told to an agent that takes words with a no. For any other it becomes the session's next input: admitted here,
 *   under a key made of the request, so that a repeated reply neither loses nor doubles it; the caller wakes the session.
 */
import { type Clock, faultPoint, isHoldfastError, newId, notFound } from "@holdfast/kernel";
import type {
  Actor,
  ApprovalMode,
  MessageId,
  Permission,
  PermissionId,
  PermissionReply,
  SessionId,
  TurnId,
} from "@holdfast/protocol";
import type { Applied, IdempotencyKey, RefUse, Store } from "../store/index.ts";
import { admitFollowUp } from "./follow-up.ts";
import { isCovered, rulesOf } from "./rule.ts";
import type { PermissionSettings } from "./settings.ts";
import { Waiters } from "./waiting.ts";

/** What an agent asks before it acts. `patterns` are the literal commands or paths it is about. */
export type Asked = {
  callId?: string | undefined;
  tool: string;
  title: string;
  kind: string;
  args: Record<string, unknown>;
  patterns: string[];
  /** It was allowed beforehand, by a hook of the user's: only a mode that refuses stands above that. */
  isAllowed?: boolean | undefined;
};

export type AskRequest = {
  sessionId: SessionId;
  turnId: TurnId;
  /** The claim's fence: asking is a write of turn progress (D-17). */
  epoch: number;
  agent: string;
  approvalMode: ApprovalMode;
  ask: Asked;
  /** Overrides the setting, in ms; 0: recorded as expired at once. */
  timeoutMs?: number | undefined;
  call?: { messageId: MessageId; callId: string } | undefined;
  /** Aborts when the turn is being stopped: the answer is `cancelled`. */
  signal: AbortSignal;
};

export type ReplyCommand = {
  permissionId: PermissionId;
  reply: PermissionReply;
  /** Text for the agent: with `reject` its answer, or the session's next input. */
  message?: string | undefined;
  actor: Actor;
  idempotency?: IdempotencyKey | undefined;
  use?: RefUse | undefined;
};

export type PermissionDeps = {
  store: Store;
  clock: Clock;
  /** What the session's mode answers by itself, if anything. */
  autoAnswer(mode: ApprovalMode, ask: { kind: string }): "once" | "reject" | undefined;
  /** Whether this agent takes words with a no. */
  takesWords(agent: string): boolean;
  settings: PermissionSettings;
};

export type Permissions = {
  /** Never rejects because of a person or a deadline; rejects only when the store breaks in another way than being unavailable. */
  ask(request: AskRequest): Promise<PermissionAnswer>;
  /** NOT_FOUND, ALREADY_REPLIED. Wakes the agent that waits; the caller wakes the session, which may have a new input. */
  reply(command: ReplyCommand): Promise<Applied<Permission>>;
  /** Nobody will answer any more: every waiting agent is told `cancelled`, and so is every later one. Rows end with their turns. */
  stop(): void;
};

/**
 * What became of a request. `reject` is a person's no, `denied` the mode's, `expired` the deadline's; `cancelled`: the turn is being stopped, or nobody
 * can answer any more.
 */
type PermissionAnswer = Reply | "denied" | "expired" | "cancelled";

/** A no with `reject` says what to do instead. */
type Reply = "once" | "reject" | { reject: string };

/** What the row says of it. */
const EXPIRY = { late: "deadline", cancelled: "turnEnded" } as const;

type Replies = Waiters<Reply>;

const SYSTEM: Actor = { id: "system:permission", kind: "system", label: "permission" };

export function createPermissions(deps: PermissionDeps): Permissions {
  const waiters: Replies = new Waiters();
  const stopped = new AbortController();
  return {
    ask: (request) =>
      ask(deps, waiters, { ...request, signal: AbortSignal.any([request.signal, stopped.signal]) }),
    reply: (command) => reply(deps, waiters, command),
    stop() {
      stopped.abort();
      waiters.cancelAll();
    },
  };
}

async function ask(deps: PermissionDeps, waiters: Replies, request: AskRequest): Promise<PermissionAnswer> {
  if (request.signal.aborted) return "cancelled";
  const automatic = deps.autoAnswer(request.approvalMode, request.ask);
  if (automatic !== undefined) return automatic === "once" ? "once" : "denied";
  if (request.ask.isAllowed === true) return "once";
  const rules = await deps.store.listPermissionRules({ sessionId: request.sessionId });
  if (isCovered(rules, { agent: request.agent, ...request.ask })) return "once";
  const timeoutMs = request.timeoutMs ?? deps.settings.timeoutMs;
  const permission = requestRow(request, deps.clock.now(), timeoutMs);
  const command = { sessionId: request.sessionId, epoch: request.epoch, permission };
  const answer = await waiters.wait(deps.clock, {
    id: permission.id,
    timeoutMs,
    signal: request.signal,
    async open() {
      await deps.store.askPermission(command);
      faultPoint("permission.asked");
    },
    expire: (why) =>
      deps.store.expirePermission({ permissionId: permission.id, expiry: EXPIRY[why], actor: SYSTEM }),
    answerOf: (row: Permission) => answerOf(deps, row),
  });
  return answer === "late" ? "expired" : answer;
}

function requestRow(request: AskRequest, now: number, timeoutMs: number): Permission {
  const { ask } = request;
  const permission: Permission = {
    id: newId("per", now),
    sessionId: request.sessionId,
    turnId: request.turnId,
    agent: request.agent,
    tool: ask.tool,
    title: ask.title,
    kind: ask.kind,
    args: ask.args,
    patterns: ask.patterns,
    state: "pending",
    deadline: now + timeoutMs,
    time: { asked: now },
  };
  if (request.call !== undefined) permission.call = request.call;
  return permission;
}

function answerOf({ takesWords }: Pick<PermissionDeps, "takesWords">, permission: Permission): Reply {
  if (permission.reply !== "reject") return "once";
  const words = wordsOf(permission);
  return words !== undefined && takesWords(permission.agent) ? { reject: words } : "reject";
}

function wordsOf({ message }: Pick<Permission, "message">): string | undefined {
  return message === undefined || message.trim() === "" ? undefined : message;
}

async function reply(
  deps: PermissionDeps,
  waiters: Replies,
  command: ReplyCommand,
): Promise<Applied<Permission>> {
  const asked = await deps.store.getPermission(command.permissionId);
  if (asked === undefined) throw notFound("permission request", command.permissionId);
  const rules = command.reply === "always" ? await standingRules(deps, asked, command.actor) : undefined;
  const applied = await deps.store.replyPermission({ ...command, rules });
  faultPoint("permission.replied");
  waiters.answered(asked.id, answerOf(deps, applied.value));
  if (command.reply === "always") await replyCovered(deps, waiters, asked.sessionId, command.actor);
  const words = command.reply === "reject" ? wordsOf(command) : undefined;
  if (words !== undefined && !deps.takesWords(asked.agent))
    await admitFollowUp(deps, asked, words, command.actor);
  return applied;
}

async function standingRules(deps: PermissionDeps, asked: Permission, actor: Actor) {
  const session = await deps.store.getSession(asked.sessionId);
  if (session === undefined) throw notFound("session", asked.sessionId);
  return rulesOf(asked, { projectId: session.projectId, actor, now: deps.clock.now() });
}

/** A new rule also answers what the session has already asked and the rule covers (session-model 14.5). */
async function replyCovered(
  deps: PermissionDeps,
  waiters: Replies,
  sessionId: SessionId,
  actor: Actor,
): Promise<void> {
  const rules = await deps.store.listPermissionRules({ sessionId });
  const pending = await deps.store.listPermissions({ state: "pending", sessionId });
  for (const permission of pending.filter((row) => isCovered(rules, row))) {
    try {
      const { value } = await deps.store.replyPermission({
        permissionId: permission.id,
        reply: "once",
        actor,
      });
      waiters.answered(permission.id, answerOf(deps, value));
    } catch (error) {
      if (!isHoldfastError(error, "ALREADY_REPLIED")) throw error;
    }
  }
}
