import { z } from "zod";
import { agentSessionSchema } from "./agent.ts";
import { changeSchema } from "./change.ts";
import { actorSchema, agentIdSchema, countSchema, SHORT_TEXT, timeSchema } from "./common.ts";
import {
  agentSessionIdSchema,
  changeIdSchema,
  idSchema,
  inputIdSchema,
  messageIdSchema,
  partIdSchema,
  permissionIdSchema,
  projectIdSchema,
  questionIdSchema,
  sessionIdSchema,
  turnIdSchema,
  workspaceIdSchema,
  worktreeIdSchema,
} from "./id.ts";
import { inputSchema } from "./input.ts";
import { messageInfoSchema } from "./message.ts";
import { DELTA_FIELDS, partSchema } from "./part.ts";
import { permissionSchema } from "./permission.ts";
import { questionSchema } from "./question.ts";
import {
  projectSchema,
  retryStatusSchema,
  sessionSchema,
  sessionStatusSchema,
  todoSchema,
  workspaceSchema,
} from "./session.ts";
import { grantSchema, sessionCommentSchema, shareSchema } from "./share/index.ts";
import { turnSchema } from "./turn.ts";
import { usageSchema } from "./usage.ts";
import { worktreeSchema } from "./worktree.ts";

/** Largest data of one event, in bytes of UTF-8 (D-4). */
export const MAX_EVENT_BYTES = 256 * 1024;

/** Most UTF-16 units of one delta: even when JSON writes each of them with six bytes, the event stays under its limit (D-4). */
export const MAX_DELTA_UNITS = Math.floor((MAX_EVENT_BYTES - 16_384) / 6);

/** What stands in the place of a row that is larger than an event may be: its ids, so that the reader fetches it (D-4). */
export type NamedRow = { tooLarge: true } & Record<string, unknown>;

/** The data of an event that stands for a row: the row, or its ids when it is too large. */
const row = <S extends z.ZodType, I extends z.ZodRawShape>(data: S, ids: I) =>
  z.union([data, z.object({ ...ids, tooLarge: z.literal(true) })]);

const session = row(z.object({ session: sessionSchema }), { sessionId: sessionIdSchema });
const input = row(z.object({ input: inputSchema }), { inputId: inputIdSchema });
const turn = row(z.object({ turn: turnSchema }), { turnId: turnIdSchema });
const permission = row(z.object({ permission: permissionSchema }), { permissionId: permissionIdSchema });
const question = row(z.object({ question: questionSchema }), { questionId: questionIdSchema });
const agentNote = z.object({
  agent: agentIdSchema,
  kind: z.string().max(SHORT_TEXT),
  bytes: countSchema,
  tail: z.string().max(SHORT_TEXT),
});

export const deltaSchema = z.object({
  messageId: messageIdSchema,
  partId: partIdSchema,
  field: z.enum(DELTA_FIELDS),
  /** Where `text` begins in the field, in UTF-16 code units. */
  offset: countSchema,
  text: z.string().max(MAX_DELTA_UNITS),
});
export type Delta = z.infer<typeof deltaSchema>;

const step = {
  turnId: turnIdSchema,
  messageId: messageIdSchema,
  step: countSchema,
  attempt: countSchema,
};
const stepEnd = { reason: z.string().max(SHORT_TEXT).optional(), usage: usageSchema.optional() };

/** Data of the durable events by type (interfaces.md section 0): a row, which may be too large, or a payload of its own, which never is. */
export const EVENT_DATA = {
  "session.created": session,
  "session.updated": session,
  "session.deleted": z.object({ sessionId: sessionIdSchema }),
  "session.status": z.object({ status: sessionStatusSchema, retry: retryStatusSchema.optional() }),
  /** What the agent knew of the messages before was replaced by a summary. */
  "session.compacted": z.object({
    messageId: messageIdSchema,
    auto: z.boolean(),
    overflow: z.boolean().optional(),
    tailStartId: messageIdSchema.optional(),
  }),
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
  "step.started": z.object(step),
  "step.finished": z.object({ ...step, ...stepEnd }),
  "message.updated": row(z.object({ message: messageInfoSchema }), { messageId: messageIdSchema }),
  "message.removed": z.object({ messageId: messageIdSchema }),
  "message.part.updated": row(z.object({ part: partSchema }), {
    messageId: messageIdSchema,
    partId: partIdSchema,
  }),
  "message.part.removed": z.object({ messageId: messageIdSchema, partId: partIdSchema }),
  "message.part.delta": deltaSchema,
  "permission.asked": permission,
  "permission.replied": permission,
  "permission.expired": permission,
  "question.asked": question,
  "question.replied": question,
  "question.expired": question,
  "agent.notice": agentNote,
  "agent.raw": agentNote,
  "agent.late": agentNote,
  "agent.session.updated": row(z.object({ agentSession: agentSessionSchema }), {
    agentSessionId: agentSessionIdSchema,
  }),
  "todo.updated": row(z.object({ todos: z.array(todoSchema) }), {}),
  "project.updated": row(z.object({ project: projectSchema }), { projectId: projectIdSchema }),
  "workspace.updated": row(z.object({ workspace: workspaceSchema }), { workspaceId: workspaceIdSchema }),
  "worktree.updated": row(z.object({ worktree: worktreeSchema }), { worktreeId: worktreeIdSchema }),
  "change.updated": row(z.object({ change: changeSchema }), {
    changeId: changeIdSchema,
    workspaceId: workspaceIdSchema,
  }),
  "comment.added": row(z.object({ comment: sessionCommentSchema }), { commentId: idSchema("cmt") }),
  "ref.updated": row(z.object({ ref: grantSchema }), { refId: idSchema("ref") }),
  /** Of a share, which outlives its session: in the feeds only. */
  "share.updated": z.object({ share: shareSchema }),
} as const;

export type EventType = keyof typeof EVENT_DATA;
/** The data of an event as it is made and as it is applied: whole. A client fetches what is named only before it hands it on. */
export type EventData<T extends EventType> = Exclude<z.infer<(typeof EVENT_DATA)[T]>, NamedRow>;
/** Types that stand for a row, and how each names one that is too large. */
export type NamedType = { [T in EventType]: NamedData<T> extends never ? never : T }[EventType];
export type NamedData<T extends EventType> = Extract<z.infer<(typeof EVENT_DATA)[T]>, NamedRow>;

type Row = { id: string } & Record<string, unknown>;

/** The ids of a row, by the name it has in the data of its event. */
const ROW_IDS: Record<string, (row: Row) => Record<string, unknown>> = {
  session: ({ id }) => ({ sessionId: id }),
  input: ({ id }) => ({ inputId: id }),
  turn: ({ id }) => ({ turnId: id }),
  message: ({ id }) => ({ messageId: id }),
  part: ({ id, messageId }) => ({ messageId, partId: id }),
  permission: ({ id }) => ({ permissionId: id }),
  question: ({ id }) => ({ questionId: id }),
  agentSession: ({ id }) => ({ agentSessionId: id }),
  todos: () => ({}),
  project: ({ id }) => ({ projectId: id }),
  workspace: ({ id }) => ({ workspaceId: id }),
  worktree: ({ id }) => ({ worktreeId: id }),
  change: ({ id, workspaceId }) => ({ changeId: id, workspaceId }),
  comment: ({ id }) => ({ commentId: id }),
  ref: ({ id }) => ({ refId: id }),
};

/** The ids that stand in an event for the row in its data; undefined when the event stands for none. */
export function nameRow(data: object): NamedRow | undefined {
  const found = Object.entries(data).find(([name]) => name in ROW_IDS);
  return found && { ...ROW_IDS[found[0]]?.(found[1] as Row), tooLarge: true };
}

/** Whether an event's data only names its row. */
export const isNamed = (data: unknown): data is NamedRow =>
  typeof data === "object" && data !== null && "tooLarge" in data;

/** Whether an event is part of a transcript: by far the most are, and a feed leaves them out when it is asked with `messages=false`. */
export const isMessageEvent = (type: string): boolean =>
  type.startsWith("message.") || type.startsWith("step.");

/** Version of every event type's schema; an incompatible change of one type raises its own (D-25). */
export const EVENT_VERSION = 1;

type Envelope<T extends EventType> = {
  /** Per session, from 1; absent on rows of no session. */
  seq: number;
  /** The seq before it for this reader; absent in the feeds of a workspace and of everything. */
  prev: number;
  type: T;
  version: number;
  sessionId: string;
  time: number;
  turnId?: string;
  actor?: z.infer<typeof actorSchema>;
  data: EventData<T>;
};

/** One event of a session's stream, discriminated by `type`. */
export type SessionEvent = { [T in EventType]: Envelope<T> }[EventType];

const envelope = {
  version: countSchema,
  time: timeSchema,
  turnId: turnIdSchema.optional(),
  actor: actorSchema.optional(),
};

/** One event of a session's own stream. */
export const sessionEventSchema = z
  .union(
    Object.entries(EVENT_DATA).map(([type, data]) =>
      z.object({
        ...envelope,
        seq: countSchema,
        prev: countSchema,
        sessionId: sessionIdSchema,
        type: z.literal(type),
        data: data as z.ZodType,
      }),
    ),
  )
  .meta({ id: "SessionEvent" });

/** One event of the feed of a workspace or of everything: no `prev`, and no `seq` or session where the row has none. */
export const feedEventSchema = z
  .object({
    ...envelope,
    type: z.string(),
    seq: countSchema.optional(),
    sessionId: sessionIdSchema.optional(),
    workspaceId: workspaceIdSchema.optional(),
    data: z.unknown(),
  })
  .meta({ id: "FeedEvent" });
export type FeedEvent = z.infer<typeof feedEventSchema>;

/** Control frames of a stream; they carry no id (D-23). */
export const CONTROL_TYPES = ["hello", "caught-up", "reset", "heartbeat"] as const;
export type ControlType = (typeof CONTROL_TYPES)[number];

export const helloSchema = z.object({
  storeId: z.string(),
  lastSeq: countSchema.optional(),
  lastId: z.string().optional(),
});
export const resetSchema = z.object({
  reason: z.enum(["retention", "ahead", "store"]),
  lastSeq: countSchema.optional(),
  state: z.array(z.string()),
  sessionId: sessionIdSchema.optional(),
});

/** Seconds between heartbeats (D-23), and how long a client waits before it calls a stream dead: three beats. */
export const HEARTBEAT_MS = 10_000;
export const STREAM_SILENCE_MS = 30_000;
