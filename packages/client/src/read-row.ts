/** Rows that an event only names because they are too large for it (D-4): each is read by a request of its own, as it is now. */
import {
  agentSessionListSchema,
  changeSchema,
  type EventData,
  type EventType,
  grantSchema,
  inputSchema,
  messageSchema,
  type NamedData,
  type NamedType,
  sessionCommentListSchema,
  partSchema,
  permissionSchema,
  projectSchema,
  questionSchema,
  sessionSchema,
  todoListSchema,
  turnSchema,
  workspaceSchema,
  worktreeSchema,
} from "@holdfast/protocol";
import { at } from "./call.ts";
import { backoffMs, delay } from "./delay.ts";
import { HoldfastApiError, HoldfastContractError, isApiError } from "./error.ts";
import type { Shape, Transport } from "./transport.ts";

type Get = <T>(shape: Shape<T>, ...path: string[]) => Promise<T>;
/** Answers undefined when there is no such row any more, if the request itself does not say so. */
type Read<Name, Data> = (name: Name, get: Get, sessionId: string) => Promise<Data | undefined>;

const session: Read<NamedData<"session.updated">, EventData<"session.updated">> = async (
  { sessionId },
  get,
) => ({
  session: await get(sessionSchema, "sessions", sessionId),
});
const input: Read<NamedData<"input.updated">, EventData<"input.updated">> = async ({ inputId }, get) => ({
  input: await get(inputSchema, "inputs", inputId),
});
const turn: Read<NamedData<"turn.updated">, EventData<"turn.updated">> = async ({ turnId }, get) => ({
  turn: await get(turnSchema, "turns", turnId),
});
const permission: Read<NamedData<"permission.asked">, EventData<"permission.asked">> = async (
  { permissionId },
  get,
) => ({
  permission: await get(permissionSchema, "permissions", permissionId),
});
const question: Read<NamedData<"question.asked">, EventData<"question.asked">> = async (
  { questionId },
  get,
) => ({
  question: await get(questionSchema, "questions", questionId),
});

const READS: { [T in NamedType]: Read<NamedData<T>, EventData<T>> } = {
  "session.created": session,
  "session.updated": session,
  "input.admitted": input,
  "input.updated": input,
  "input.delivered": input,
  "input.removed": input,
  "turn.queued": turn,
  "turn.started": turn,
  "turn.updated": turn,
  "turn.finalizing": turn,
  "turn.completed": turn,
  "turn.failed": turn,
  "turn.aborted": turn,
  "message.updated": async ({ messageId }, get) => ({
    message: (await get(messageSchema, "messages", messageId)).info,
  }),
  "message.part.updated": async ({ messageId, partId }, get) => ({
    part: await get(partSchema, "messages", messageId, "parts", partId),
  }),
  "permission.asked": permission,
  "permission.replied": permission,
  "permission.expired": permission,
  "question.asked": question,
  "question.replied": question,
  "question.expired": question,
  "agent.session.updated": async ({ agentSessionId }, get, sessionId) => {
    const { items } = await get(agentSessionListSchema, "sessions", sessionId, "agents");
    const agentSession = items.find(({ id }) => id === agentSessionId);
    return agentSession && { agentSession };
  },
  "todo.updated": async (_name, get, sessionId) => ({
    todos: (await get(todoListSchema, "sessions", sessionId, "todos")).items,
  }),
  "project.updated": async ({ projectId }, get) => ({
    project: await get(projectSchema, "projects", projectId),
  }),
  "workspace.updated": async ({ workspaceId }, get) => ({
    workspace: await get(workspaceSchema, "workspaces", workspaceId),
  }),
  "worktree.updated": async ({ worktreeId }, get) => ({
    worktree: await get(worktreeSchema, "worktrees", worktreeId),
  }),
  "change.updated": async ({ changeId, workspaceId }, get) => ({
    change: await get(changeSchema, "workspaces", workspaceId, "changes", changeId),
  }),
  "comment.added": async ({ commentId }, get, sessionId) => {
    const { items } = await get(sessionCommentListSchema, "sessions", sessionId, "comments");
    const comment = items.find(({ id }) => id === commentId);
    return comment && { comment };
  },
  "ref.updated": async ({ refId }, get) => ({ ref: await get(grantSchema, "refs", refId) }),
};

/** Tries to read a row at which the server fails, and the delays between them, in ms. */
const TRIES = 3;
const RETRY = { baseMs: 200, capMs: 1_000 };

/**
 * The data of an event with its row instead of its name. Undefined when the row is gone, or cannot be read however often it is asked for: one row must
 * not keep a reader from all others. Rejects with what a stream meets as well: no connection, a server that cannot now, a credential that is refused.
 */
export async function readRow(
  { send }: Pick<Transport, "send">,
  event: { type: EventType; data: unknown; sessionId?: string | undefined },
  signal: AbortSignal,
): Promise<object | undefined> {
  const get: Get = async (shape, ...path) => (await send("GET", at(...path), shape, { signal })).value;
  const read = READS[event.type as NamedType] as Read<unknown, object> | undefined;
  if (read === undefined) return undefined;
  for (let tries = 1; tries <= TRIES; tries += 1) {
    try {
      return await read(event.data, get, event.sessionId ?? "");
    } catch (error) {
      if (error instanceof HoldfastContractError || isApiError(error, "NOT_FOUND")) return undefined;
      if (!(error instanceof HoldfastApiError) || error.code !== "INTERNAL") throw error;
      await delay(backoffMs(tries, RETRY, Math.random()), signal);
    }
  }
  return undefined;
}
