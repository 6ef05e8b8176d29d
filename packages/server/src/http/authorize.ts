/**
 * The one choke point (I-21): every route declares its action, and nothing runs before `authorize` allowed it. `anyone` needs no credential;
 * `owner` takes the server's token or a browser token; `server` takes the server's token only, so that a page never makes new ways in.
 */
import { type Credential, type Needs, requireReach } from "@holdfast/edge";
import type { Actor } from "@holdfast/protocol";

export const ACTIONS = {
  "health.read": "anyone",
  "access.exchange": "anyone",
  "server.prove": "anyone",
  "access.manage": "server",
  "server.diagnose": "owner",
  "api.describe": "owner",
  "session.create": "owner",
  "session.list": "owner",
  "session.read": "owner",
  "session.change": "owner",
  "session.delete": "owner",
  "session.stream": "owner",
  "input.admit": "owner",
  "input.read": "owner",
  "input.change": "owner",
  "turn.read": "owner",
  "turn.cancel": "owner",
  "turn.resume": "owner",
  "message.read": "owner",
  "message.change": "owner",
  "blob.read": "owner",
  "agent.list": "owner",
  "agent.close": "owner",
  "agent.login": "owner",
  "permission.read": "owner",
  "permission.reply": "owner",
  "permission.revoke": "owner",
  "question.read": "owner",
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
  "feed.stream": "owner",
} as const satisfies Record<string, Needs>;

export type Action = keyof typeof ACTIONS;

/** What an action is about; `id` is absent for the server as a whole and for lists. */
export type ActionTarget = {
  kind:
    | "server"
    | "session"
    | "input"
    | "turn"
    | "message"
    | "permission"
    | "workspace"
    | "worktree"
    | "project"
    | "question"
    | "token";
  id?: string | undefined;
};

/** Whether it is for anybody, without a credential. */
export const isOpen = (action: Action): boolean => ACTIONS[action] === "anyone";

/** Who acts, when they may. Throws UNAUTHENTICATED without a credential and FORBIDDEN with one that does not reach so far. */
export function authorize(credential: Credential | undefined, action: Action, target: ActionTarget): Actor {
  return requireReach(credential, ACTIONS[action], `${action} on the ${target.kind}`);
}
