/** Operations on a shared session (S-4): what a publisher sends, and what the service stores for each of them. */
import { z } from "zod";
import { countSchema, timeSchema } from "../common.ts";
import { changeIdSchema, idSchema, messageIdSchema, partIdSchema } from "../id.ts";
import { DELTA_FIELDS } from "../part.ts";
import {
  publishedChangeSchema,
  publishedMessageSchema,
  publishedModelsSchema,
  publishedPartSchema,
  publishedSessionSchema,
  publishedUsageSchema,
} from "./published.ts";

/** Most operations of one batch, and most bytes of its JSON (S-3). */
export const MAX_BATCH_OPS = 200;
export const MAX_BATCH_BYTES = 1024 * 1024;
/** Most bytes of one blob of a share (S-9). */
export const MAX_SHARE_BLOB_BYTES = 25 * 1024 * 1024;

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, "Expected 64 hex digits.");

/** What an operation is about: the session, its models or usage, or one row of it. An operation replaces, extends or removes what its key names. */
export const shareKeySchema = z
  .string()
  .regex(
    /^(?:session|models|usage|(?:message|part|change):[a-z]{3}_[0-9a-hjkmnp-tv-z]{26})$/,
    "Expected session, models, usage, or message:, part: or change: and an id.",
  );
export type ShareKey = z.infer<typeof shareKeySchema>;

/** Why a row is not shown (S-7, S-22, S-30). `refused`: the service did not take it; `tooLarge`: no operation may be so long; `expired`: its content is gone; `withheld`: the owner keeps it back. */
export const omissionSchema = z.enum(["refused", "tooLarge", "expired", "withheld"]);
export type Omission = z.infer<typeof omissionSchema>;

/** Payloads by the type of operation, which are those of the session's events of the same name where there is one. */
export const OPERATION_PAYLOADS = {
  "session.updated": z.strictObject({ session: publishedSessionSchema }),
  "message.updated": z.strictObject({ message: publishedMessageSchema }),
  "message.removed": z.strictObject({ messageId: messageIdSchema }),
  "message.part.updated": z.strictObject({ part: publishedPartSchema }),
  "message.part.removed": z.strictObject({ messageId: messageIdSchema, partId: partIdSchema }),
  /** Growth of a published text. `offset` counts UTF-16 units of the text as published; where it is not the length of what is stored, the operation is rejected. */
  "message.part.delta": z.strictObject({
    messageId: messageIdSchema,
    partId: partIdSchema,
    field: z.enum(DELTA_FIELDS),
    offset: countSchema,
    text: z.string().min(1),
  }),
  "change.updated": z.strictObject({ change: publishedChangeSchema }),
  "change.removed": z.strictObject({ changeId: changeIdSchema }),
  "models.updated": z.strictObject({ models: publishedModelsSchema }),
  "usage.updated": z.strictObject({ usage: publishedUsageSchema }),
  /** Stands for a row that is there and not shown. */
  omitted: z.strictObject({
    key: shareKeySchema,
    /** The message of an omitted part: where the page says so. */
    messageId: messageIdSchema.optional(),
    reason: omissionSchema,
  }),
} as const;
export type OperationType = keyof typeof OPERATION_PAYLOADS;
export type OperationPayload<T extends OperationType> = z.infer<(typeof OPERATION_PAYLOADS)[T]>;

/** The key that an operation of this type and payload must carry. */
export function keyOf(type: OperationType, payload: Readonly<Record<string, unknown>>): ShareKey {
  const { message, part, change } = payload as Record<string, { id?: unknown } | undefined>;
  switch (type) {
    case "session.updated":
      return "session";
    case "models.updated":
      return "models";
    case "usage.updated":
      return "usage";
    case "omitted":
      return String(payload["key"]);
    case "message.updated":
      return `message:${String(message?.id)}`;
    case "message.removed":
      return `message:${String(payload["messageId"])}`;
    case "message.part.updated":
      return `part:${String(part?.id)}`;
    case "message.part.removed":
    case "message.part.delta":
      return `part:${String(payload["partId"])}`;
    case "change.updated":
      return `change:${String(change?.id)}`;
    case "change.removed":
      return `change:${String(payload["changeId"])}`;
  }
}

/** `begin`: the begin of the stream; `key:<key>`; `op:<id>` of the same batch; `sha256:<digits>`: a blob. */
export const dependencySchema = z.string().regex(/^(?:begin|key:.{1,80}|op:sop_.{26}|sha256:[0-9a-f]{64})$/);

/** One operation with its envelope. The payload is looked at apart: a bad payload rejects its operation, a bad envelope the batch (S-22). */
export const operationSchema = z
  .strictObject({
    opId: idSchema("sop"),
    batchId: idSchema("bat"),
    /** Place in the stream, from 1, without gaps. */
    seq: countSchema.min(1),
    type: z.string().min(1).max(64),
    key: shareKeySchema,
    dependsOn: z.array(dependencySchema).max(100),
    payload: z.record(z.string(), z.unknown()),
    /** SHA-256 of the payload's canonical JSON, in hex. */
    payloadHash: sha256Schema,
  })
  .meta({ id: "ShareOperation" });
export type ShareOperation = z.infer<typeof operationSchema>;

/** What `appendOps` is called with (S-7). `previousChain` is the sender's chain before the batch (S-22); `acknowledged` the seq to which it knows the answers. */
export const appendOpsSchema = z
  .strictObject({
    stream: idSchema("stm"),
    writerEpoch: countSchema,
    capabilityEpoch: countSchema,
    expectedCursor: countSchema,
    previousChain: sha256Schema,
    acknowledged: countSchema,
    batchId: idSchema("bat"),
    ops: z.array(operationSchema).min(1).max(MAX_BATCH_OPS),
  })
  .meta({ id: "AppendOps" });
export type AppendOps = z.infer<typeof appendOpsSchema>;

export const operationResultSchema = z.strictObject({
  opId: idSchema("sop"),
  seq: countSchema,
  outcome: z.enum(["applied", "duplicate", "rejected"]),
  /** Why it was rejected: `OP_INVALID` or `DEPENDENCY_UNMET`. */
  code: z.enum(["OP_INVALID", "DEPENDENCY_UNMET"]).optional(),
});

export const appendAnswerSchema = z
  .object({
    /** The seq up to which everything is stored, and the chain there. */
    cursor: countSchema,
    chain: sha256Schema,
    applied: countSchema,
    duplicates: countSchema,
    rejected: countSchema,
    results: z.array(operationResultSchema),
    /** By the service's clock. */
    time: timeSchema,
  })
  .meta({ id: "AppendAnswer" });
export type AppendAnswer = z.infer<typeof appendAnswerSchema>;

/** The chain before the first operation of a stream. */
export const EMPTY_CHAIN = "0".repeat(64);
