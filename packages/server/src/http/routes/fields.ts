import {
  agentIdSchema,
  changeIdSchema,
  HTTP_LIMITS,
  idSchema,
  inputIdSchema,
  messageIdSchema,
  partIdSchema,
  permissionIdSchema,
  permissionRuleIdSchema,
  permissionSchema,
  projectIdSchema,
  questionIdSchema,
  sessionIdSchema,
  tokenIdSchema,
  turnIdSchema,
  workspaceIdSchema,
  worktreeIdSchema,
} from "@holdfast/protocol";
import { z } from "zod";

/** Path parameters by what `id` names. */
export const onSession = z.object({ id: sessionIdSchema });
export const onAgentSession = onSession.extend({ agent: agentIdSchema });
export const onInput = z.object({ id: inputIdSchema });
export const onTurn = z.object({ id: turnIdSchema });
export const onMessage = z.object({ id: messageIdSchema });
export const onPart = z.object({ id: messageIdSchema, partId: partIdSchema });
export const onPermission = z.object({ id: permissionIdSchema });
export const onPermissionRule = z.object({ id: permissionRuleIdSchema });
/** Which permission requests or questions; without `state` those that have ended too. */
export const requestQuery = z
  .object({ state: permissionSchema.shape.state.optional(), sessionId: sessionIdSchema.optional() })
  .transform(({ state, sessionId }) => ({
    ...(state === undefined ? {} : { state }),
    ...(sessionId === undefined ? {} : { sessionId }),
  }));
export const onQuestion = z.object({ id: questionIdSchema });
export const onWorkspace = z.object({ id: workspaceIdSchema });
export const onChange = onWorkspace.extend({ changeId: changeIdSchema });
export const onWorktree = z.object({ id: worktreeIdSchema });
export const onProject = z.object({ id: projectIdSchema });
export const onRef = z.object({ id: idSchema("ref") });
export const onShare = z.object({ id: idSchema("shr") });
export const onToken = z.object({ id: tokenIdSchema });

/** Rows of a page when the caller names no number. */
const PAGE_DEFAULT = 50;

export const limitField = z.coerce.number().int().min(1).max(HTTP_LIMITS.pageLimit).default(PAGE_DEFAULT);
export const cursorField = z.string().max(256).optional();
export const pageFields = { limit: limitField, before: cursorField, after: cursorField };

/** The body of a command that says everything in its path. */
export const emptyBody = z.strictObject({}).optional();
