import { z } from "zod";
import { agentSessionSchema } from "./agent.ts";
import { changeSchema } from "./change.ts";
import { actorSchema, countSchema, timeSchema } from "./common.ts";
import {
  changeIdSchema,
  messageIdSchema,
  partIdSchema,
  sessionIdSchema,
  turnIdSchema,
  workspaceIdSchema,
} from "./id.ts";
import { inputSchema } from "./input.ts";
import { messageInfoSchema } from "./message.ts";
import { DELTA_FIELDS, partSchema } from "./part.ts";
import { permissionSchema, questionSchema } from "./permission.ts";
import { projectSchema, sessionSchema, sessionStatusSchema, todoSchema, workspaceSchema } from "./session.ts";
import { turnSchema } from "./turn.ts";
import { usageSchema } from "./usage.ts";
import { worktreeSchema } from "./worktree.ts";

/** Payloads of the durable events by type (interfaces.md section 0). Over `MAX_EVENT_BYTES` the data of a part or a change is `tooLarge` instead. */
const session = z.object({ session: sessionSchema });
const input = z.object({ input: inputSchema });
const turn = z.object({ turn: turnSchema });
const permission = z.object({ permission: permissionSchema });
const question = z.object({ question: questionSchema });
const agentNote = z.object({ agent: z.string(), kind: z.string(), bytes: countSchema, tail: z.string() });

const tooLarge = z.object({ messageId: messageIdSchema, partId: partIdSchema, tooLarge: z.literal(true) });
const changeTooLarge = z.object({
  changeId: changeIdSchema,
  workspaceId: workspaceIdSchema,
  tooLarge: z.literal(true),
});

export const deltaSchema = z.object({
  messageId: messageIdSchema,
  partId: partIdSchema,
  field: z.enum(DELTA_FIELDS),
  /** Where `text` begins in the field, in UTF-16 code units. */
  offset: countSchema,
  text: z.string(),
});
export type Delta = z.infer<typeof deltaSchema>;

const step = {
  turnId: turnIdSchema,
  messageId: messageIdSchema,
  step: countSchema,
  attempt: countSchema,
  reason: z.string().optional(),
  usage: usageSchema.optional(),
};

export const retryStatusSchema = z.object({ attempt: countSchema, message: z.string(), next: timeSchema });

export const EVENT_DATA = {
  "session.created": session,
  "session.updated": session,
  "session.deleted": z.object({ sessionId: sessionIdSchema }),
  "session.status": z.object({ status: sessionStatusSchema, retry: retryStatusSchema.optional() }),
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
  "step.finished": z.object(step),
  "message.updated": z.object({ message: messageInfoSchema }),
  "message.removed": z.object({ messageId: messageIdSchema }),
  "message.part.updated": z.union([z.object({ part: partSchema }), tooLarge]),
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
  "agent.session.updated": z.object({ agentSession: agentSessionSchema }),
  "todo.updated": z.object({ todos: z.array(todoSchema) }),
  "project.updated": z.object({ project: projectSchema }),
  "workspace.updated": z.object({ workspace: workspaceSchema }),
  "worktree.updated": z.object({ worktree: worktreeSchema }),
  "change.updated": z.union([z.object({ change: changeSchema }), changeTooLarge]),
} as const;

export type EventType = keyof typeof EVENT_DATA;
export type EventData<T extends EventType> = z.infer<(typeof EVENT_DATA)[T]>;

/** Types whose rows belong to no session: they stand in the feeds of a workspace and of everything only (D-3). */
export const SESSIONLESS_EVENTS = [
  "project.updated",
  "workspace.updated",
  "worktree.updated",
  "change.updated",
] as const satisfies readonly EventType[];

/** Whether an event is part of a transcript: by far the most are, and a feed leaves them out when it is asked with `messages=false`. */
export const isMessageEvent = (type: string): boolean =>
  type.startsWith("message.") || type.startsWith("step.");

/** Version of every event type's schema; an incompatible change of one type raises its own (D-25). */
export const EVENT_VERSION = 1;

/** Largest data of one event, in bytes of UTF-8 (D-4). */
export const MAX_EVENT_BYTES = 256 * 1024;

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
