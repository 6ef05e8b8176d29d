/**
 * The one choke point (I-21): every route declares its action, and nothing runs before `authorize` allowed it. `anyone` needs no credential;
 * `owner` takes the server's token or a browser token; `server` takes the server's token only, so that a page never makes new ways in. A right is what a ref
 * must have (S-14), which sees the session that it is on and nothing else; the owner has every right.
 */
import { type Credential, type Needs, type RefCredential, requireReach } from "@holdfast/edge";
import { notFound } from "@holdfast/kernel";
import type { Actor, SessionId } from "@holdfast/protocol";

export const ACTIONS = {
  "health.read": "anyone",
  "access.exchange": "anyone",
  "server.prove": "anyone",
  "access.manage": "server",
  "server.diagnose": "owner",
  "api.describe": "owner",
  "session.create": "owner",
  "session.list": "read",
  "session.read": "read",
  "session.assess": "owner",
  "session.change": "admin",
  "session.delete": "admin",
  "session.stream": "read",
  "input.admit": "prompt",
  "input.read": "read",
  "input.remove": "prompt",
  "input.change": "owner",
  "turn.read": "read",
  "turn.cancel": "prompt",
  "turn.resume": "owner",
  "message.read": "read",
  "message.change": "owner",
  "blob.read": "read",
  "resource.list": "owner",
  "agent.list": "owner",
  "agent.close": "owner",
  "agent.login": "owner",
  "permission.read": "read",
  "permission.reply": "approve",
  "permission.rules": "owner",
  "permission.revoke": "owner",
  "question.read": "read",
  "question.reply": "owner",
  "project.read": "owner",
  "project.change": "owner",
  "worktree.read": "owner",
  "worktree.remove": "owner",
  "worktree.restore": "owner",
  "worktree.prune": "owner",
  "workspace.read": "owner",
  "workspace.change": "owner",
  "workspace.stream": "owner",
  "change.read": "owner",
  "change.review": "owner",
  "change.comment": "owner",
  "change.ofSession": "read",
  "feed.stream": "read",
  "comment.read": "read",
  "comment.add": "comment",
  "share.preview": "owner",
  "share.create": "owner",
  "share.read": "owner",
  "share.change": "owner",
  "share.open": "owner",
  "ref.create": "owner",
  "ref.redeem": "read",
  "ref.read": "read",
  "ref.list": "share",
  "ref.attenuate": "share",
  "ref.revoke": "read",
  "ref.renew": "admin",
  "ref.audit": "admin",
} as const satisfies Record<string, Needs>;

export type Action = keyof typeof ACTIONS;

/** Things that belong to one session, by which a ref is held to its own. */
const OF_SESSION = ["input", "turn", "message", "permission", "question", "ref"] as const;
type OfSession = (typeof OF_SESSION)[number];

/** What an action is about; `id` is absent for the server as a whole and for lists. */
export type ActionTarget = {
  kind: "server" | "session" | "workspace" | "worktree" | "project" | "token" | "share" | OfSession;
  id?: string | undefined;
};

/** Says whose something is. */
export type SessionLookup = (kind: OfSession, id: string) => Promise<SessionId | undefined>;

/** Whether it is for anybody, without a credential. */
export const isOpen = (action: Action): boolean => ACTIONS[action] === "anyone";

/**
 * Who acts, when they may. Rejects UNAUTHENTICATED without a credential, FORBIDDEN with one that does not reach so far, and NOT_FOUND for a ref on anything but
 * its session, whether it exists or not. Lists have no target: their routes answer what is of that session.
 */
export async function authorize(
  credential: Credential | undefined,
  action: Action,
  target: ActionTarget,
  sessionOf: SessionLookup,
): Promise<Actor> {
  const actor = requireReach(credential, ACTIONS[action], `${action} on the ${target.kind}`);
  if (credential?.kind === "ref") await requireTarget(credential, target, sessionOf);
  return actor;
}

async function requireTarget(
  { sessionId }: RefCredential,
  { kind, id }: ActionTarget,
  sessionOf: SessionLookup,
): Promise<void> {
  if (id === undefined) return;
  const owned = OF_SESSION.find((each) => each === kind);
  const whose = owned === undefined ? id : await sessionOf(owned, id);
  if ((kind !== "session" && owned === undefined) || whose !== sessionId) throw notFound(kind, id);
}
