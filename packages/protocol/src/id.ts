import { z } from "zod";

/** Prefixes of ids and what they name (interfaces.md section 0). */
export const ID_PREFIXES = {
  prj: "project",
  wsp: "workspace",
  ses: "session",
  ags: "agent session",
  inp: "input",
  trn: "turn",
  msg: "message",
  prt: "part",
  per: "permission request",
  qst: "question",
  chg: "change",
  wkt: "worktree",
  shr: "share",
  ref: "ref",
  act: "actor",
  ins: "instance",
  tok: "browser token",
  rul: "permission rule",
  opr: "operation",
  pub: "publisher",
  stm: "stream of a share",
  bat: "batch of a share",
  sop: "share operation",
  cmt: "comment",
  prv: "preview of a share",
} as const;

export type IdPrefix = keyof typeof ID_PREFIXES;

/** A branded id: prefix, underscore, UUIDv7 in base32. Identity only; never compared for order. */
export type Id<P extends IdPrefix> = `${P}_${string}` & { readonly __id: P };

export type ProjectId = Id<"prj">;
export type WorkspaceId = Id<"wsp">;
export type SessionId = Id<"ses">;
export type AgentSessionId = Id<"ags">;
export type InputId = Id<"inp">;
export type TurnId = Id<"trn">;
export type MessageId = Id<"msg">;
export type PartId = Id<"prt">;
export type PermissionId = Id<"per">;
export type QuestionId = Id<"qst">;
export type InstanceId = Id<"ins">;
export type PermissionRuleId = Id<"rul">;
export type TokenId = Id<"tok">;
export type ChangeId = Id<"chg">;
export type WorktreeId = Id<"wkt">;
export type ShareId = Id<"shr">;
export type RefId = Id<"ref">;
export type CommentId = Id<"cmt">;
export type PublisherId = Id<"pub">;
export type StreamId = Id<"stm">;
export type BatchId = Id<"bat">;
export type ShareOperationId = Id<"sop">;
/** A piece of work on files that is not one transaction, from its intent to its end (W-9, W-11). */
export type OperationId = Id<"opr">;

const BODY = "[0-9a-hjkmnp-tv-z]{26}";

export function idSchema<P extends IdPrefix>(prefix: P): z.ZodType<Id<P>, Id<P>> {
  const message = `Expected the id of a ${ID_PREFIXES[prefix]}: ${prefix}_ and 26 characters.`;
  return z.string().regex(new RegExp(`^${prefix}_${BODY}$`), message) as unknown as z.ZodType<Id<P>, Id<P>>;
}

const isId =
  <P extends IdPrefix>(prefix: P) =>
  (text: unknown): text is Id<P> =>
    typeof text === "string" && new RegExp(`^${prefix}_${BODY}$`).test(text);

export const isSessionId = isId("ses");
export const isInputId = isId("inp");
export const isWorkspaceId = isId("wsp");
export const isChangeId = isId("chg");
export const isWorktreeId = isId("wkt");

export const projectIdSchema = idSchema("prj");
export const workspaceIdSchema = idSchema("wsp");
export const sessionIdSchema = idSchema("ses");
export const agentSessionIdSchema = idSchema("ags");
export const inputIdSchema = idSchema("inp");
export const turnIdSchema = idSchema("trn");
export const messageIdSchema = idSchema("msg");
export const partIdSchema = idSchema("prt");
export const permissionIdSchema = idSchema("per");
export const questionIdSchema = idSchema("qst");
export const permissionRuleIdSchema = idSchema("rul");
export const tokenIdSchema = idSchema("tok");
export const changeIdSchema = idSchema("chg");
export const worktreeIdSchema = idSchema("wkt");
export const operationIdSchema = idSchema("opr");
