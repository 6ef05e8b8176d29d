/**
 * What a share service offers (S-11, S-25): one table for REST, capnweb and the publisher's transports. Over REST the credential is the bearer and
 * `:shareId` stands in the path; over capnweb `publish(key)` and `redeemShare(shareId, secret)` give a stub, which stands for both. Arguments are one
 * object, the same in all.
 */
import { z } from "zod";
import { countSchema, timeSchema } from "../common.ts";
import { changeIdSchema, idSchema, messageIdSchema } from "../id.ts";
import { auditEntrySchema, caveatsSchema, grantSchema, rightsSchema, type Right } from "./grant.ts";
import { appendAnswerSchema, appendOpsSchema, omissionSchema, sha256Schema } from "./operation.ts";
import {
  publishedChangeSchema,
  publishedMessageSchema,
  publishedModelsSchema,
  publishedPartSchema,
  publishedSessionSchema,
  publishedUsageSchema,
} from "./published.ts";

/** `live`: its publisher writes it. `hidden`: until its publisher or a publish key confirms it after a restore of the service (S-24). */
export const serviceShareStateSchema = z.enum(["live", "hidden", "expired", "revoked"]);

/** A share as its service knows it. */
export const serviceShareSchema = z
  .object({
    id: idSchema("shr"),
    title: z.string(),
    state: serviceShareStateSchema,
    mode: z.enum(["none", "ops", "whole"]),
    capabilityEpoch: countSchema,
    expiresAt: timeSchema.optional(),
    /** Bytes of rows and blobs, and how many there may be. */
    bytes: countSchema,
    quota: countSchema,
    viewers: countSchema,
    time: z.object({ created: timeSchema, updated: timeSchema }),
  })
  .meta({ id: "ServiceShare" });
export type ServiceShare = z.infer<typeof serviceShareSchema>;

const streamPlace = z.object({ stream: idSchema("stm"), cursor: countSchema, chain: sha256Schema });

export const redeemedShareSchema = z
  .object({
    shareId: idSchema("shr"),
    refId: idSchema("ref"),
    title: z.string(),
    rights: rightsSchema,
    caveats: caveatsSchema,
    capabilityEpoch: countSchema,
    /** What readers see now; absent before the first commit. */
    stream: idSchema("stm").optional(),
    cursor: countSchema,
  })
  .meta({ id: "RedeemedShare" });
export type RedeemedShare = z.infer<typeof redeemedShareSchema>;

export const helloAnswerSchema = z
  .object({
    /** New after a restore of the service (S-24). */
    storeId: z.string(),
    state: serviceShareStateSchema,
    capabilityEpoch: countSchema,
    writerEpoch: countSchema,
    live: streamPlace.optional(),
    /** The stream that waits for its commit, where there is one. */
    staged: streamPlace.optional(),
    time: timeSchema,
  })
  .meta({ id: "ShareHello" });
export type ShareHello = z.infer<typeof helloAnswerSchema>;

/** A message with its parts as readers get it. `omitted` are rows that are there and not shown. */
export const sharedMessageSchema = z
  .object({
    info: publishedMessageSchema,
    parts: z.array(publishedPartSchema),
    omitted: z.array(z.object({ key: z.string(), reason: omissionSchema })),
  })
  .meta({ id: "SharedMessage" });
export type SharedMessage = z.infer<typeof sharedMessageSchema>;

export const sharedSessionSchema = z
  .object({
    shareId: idSchema("shr"),
    session: publishedSessionSchema.optional(),
    models: publishedModelsSchema,
    usage: publishedUsageSchema.optional(),
    omitted: z.array(z.object({ key: z.string(), reason: omissionSchema })),
    expiresAt: timeSchema.optional(),
    /** The place in the service's own numbers that this is current to. */
    seq: countSchema,
  })
  .meta({ id: "SharedSession" });
export type SharedSession = z.infer<typeof sharedSessionSchema>;

export const commentSchema = z
  .object({
    id: idSchema("cmt"),
    /** What it is about: a message or a change of the share. */
    on: z.union([messageIdSchema, changeIdSchema]),
    text: z.string().min(1).max(10_000),
    by: z.object({ refId: idSchema("ref"), label: z.string() }),
    time: z.object({ created: timeSchema }),
  })
  .meta({ id: "Comment" });
export type Comment = z.infer<typeof commentSchema>;

/** One row of the older way of writing. */
export const wholeRowSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("session"), data: publishedSessionSchema }),
  z.strictObject({ type: z.literal("message"), data: publishedMessageSchema }),
  z.strictObject({ type: z.literal("part"), data: publishedPartSchema }),
  z.strictObject({ type: z.literal("change"), data: publishedChangeSchema }),
  z.strictObject({ type: z.literal("models"), data: publishedModelsSchema }),
  z.strictObject({ type: z.literal("usage"), data: publishedUsageSchema }),
]);
export type WholeRow = z.infer<typeof wholeRowSchema>;

const nothing = z.strictObject({});
const label = z.string().max(256);
const page = {
  limit: z.int().min(1).max(200).optional(),
  before: z.string().max(256).optional(),
};
const mintArgs = {
  /** Chosen by the caller, so that a repetition answers the same grant (S-25). */
  refId: idSchema("ref"),
  secretHash: sha256Schema,
  rights: rightsSchema,
  caveats: caveatsSchema.default({}),
  label: label.default(""),
};

/** Who may call: anybody who knows the id and a secret, the holder of a publish key, or of a grant with that right. */
export type MethodAccess = "anyone" | "publishKey" | Right;

type Method = { access: MethodAccess; http: string; args: z.ZodType; result: z.ZodType };

export const SHARE_METHODS = {
  /** Idempotent by `shareId` and the hashes; `SHARE_GONE` for one that was revoked, `CONFLICT` for one of others. */
  createShare: {
    access: "publishKey",
    http: "POST /api/shares",
    args: z.strictObject({
      shareId: idSchema("shr"),
      title: z.string().max(1_000),
      /** The root grant with every right of a share but `append`, and the publisher's. */
      owner: z.strictObject({ refId: idSchema("ref"), secretHash: sha256Schema }),
      append: z.strictObject({ refId: idSchema("ref"), secretHash: sha256Schema }),
      expiresAt: timeSchema.optional(),
    }),
    result: z.object({ share: serviceShareSchema }),
  },
  listShares: {
    access: "publishKey",
    http: "GET /api/shares",
    args: z.strictObject(page),
    result: z.object({ items: z.array(serviceShareSchema), next: z.string().optional() }),
  },
  /** Idempotent; the answer of a share that is gone already is the same. */
  revokeShare: {
    access: "admin",
    http: "DELETE /api/shares/:shareId",
    args: nothing,
    result: z.object({ share: serviceShareSchema.pick({ id: true, state: true }) }),
  },
  /** Shows a share again that a restore of the service hid (S-24). */
  confirmShare: {
    access: "append",
    http: "POST /api/shares/:shareId/confirm",
    args: nothing,
    result: z.object({ share: serviceShareSchema }),
  },
  updateShare: {
    access: "admin",
    http: "PATCH /api/shares/:shareId",
    args: z.strictObject({
      title: z.string().max(1_000).optional(),
      /** `null`: never. */
      expiresAt: timeSchema.nullable().optional(),
    }),
    result: z.object({ share: serviceShareSchema }),
  },
  redeemShare: {
    access: "anyone",
    http: "POST /api/shares/:shareId/redeem",
    args: nothing,
    result: redeemedShareSchema,
  },
  hello: {
    access: "append",
    http: "POST /api/shares/:shareId/hello",
    args: nothing,
    result: helloAnswerSchema,
  },
  openWriter: {
    access: "append",
    http: "POST /api/shares/:shareId/writer",
    args: z.strictObject({
      publisher: idSchema("pub"),
      nonce: sha256Schema,
      earlier: z.array(sha256Schema).max(1_000),
      /** A person's explicit adopt, or the one takeover that a restore grants (S-23). */
      adopt: z.boolean().optional(),
    }),
    result: z.object({ writerEpoch: countSchema }),
  },
  /** A new stream beside the one that readers see; replaces one that waits. Idempotent by `stream`. */
  beginStream: {
    access: "append",
    http: "POST /api/shares/:shareId/streams",
    args: z.strictObject({ stream: idSchema("stm"), writerEpoch: countSchema, capabilityEpoch: countSchema }),
    result: streamPlace,
  },
  commitStream: {
    access: "append",
    http: "POST /api/shares/:shareId/streams/commit",
    args: z.strictObject({
      stream: idSchema("stm"),
      writerEpoch: countSchema,
      capabilityEpoch: countSchema,
      cursor: countSchema,
      chain: sha256Schema,
    }),
    result: streamPlace,
  },
  appendOps: {
    access: "append",
    http: "POST /api/shares/:shareId/ops",
    args: appendOpsSchema,
    result: appendAnswerSchema,
  },
  /** Whole rows in any order (S-10): each replaces what its key names, nothing is removed. `SHARE_MODE` for a share that is written by operations. */
  syncShare: {
    access: "append",
    http: "POST /api/shares/:shareId/sync",
    args: z.strictObject({ data: z.array(wholeRowSchema).max(10_000) }),
    result: z.object({ seq: countSchema }),
  },
  bumpEpoch: {
    access: "admin",
    http: "POST /api/shares/:shareId/epoch",
    args: z.strictObject({
      /** What the caller believes the epoch is, so that a repetition does not bump twice. */
      from: countSchema,
      owner: z.strictObject({ refId: idSchema("ref"), secretHash: sha256Schema }),
      /** The publisher's own bump renews its grant too (S-25). */
      append: z.strictObject({ refId: idSchema("ref"), secretHash: sha256Schema }).optional(),
    }),
    result: z.object({ capabilityEpoch: countSchema }),
  },
  readSession: {
    access: "read",
    http: "GET /api/shares/:shareId",
    args: nothing,
    result: sharedSessionSchema,
  },
  readMessages: {
    access: "read",
    http: "GET /api/shares/:shareId/messages",
    args: z.strictObject({ ...page, after: z.string().max(256).optional() }),
    result: z.object({
      items: z.array(sharedMessageSchema),
      next: z.string().optional(),
      prev: z.string().optional(),
      seq: countSchema,
    }),
  },
  readChanges: {
    access: "read",
    http: "GET /api/shares/:shareId/changes",
    args: z.strictObject(page),
    result: z.object({
      items: z.array(publishedChangeSchema),
      next: z.string().optional(),
      seq: countSchema,
    }),
  },
  readComments: {
    access: "read",
    http: "GET /api/shares/:shareId/comments",
    args: z.strictObject(page),
    result: z.object({ items: z.array(commentSchema), next: z.string().optional() }),
  },
  /** Idempotent by `id`. */
  comment: {
    access: "comment",
    http: "POST /api/shares/:shareId/comments",
    args: z.strictObject({
      id: idSchema("cmt"),
      on: z.union([messageIdSchema, changeIdSchema]),
      text: z.string().min(1).max(10_000),
    }),
    result: commentSchema,
  },
  /** A narrower ref below the caller's own; `REF_WIDENS` where it would allow more. */
  attenuate: {
    access: "share",
    http: "POST /api/shares/:shareId/refs",
    args: z.strictObject(mintArgs),
    result: z.object({ ref: grantSchema }),
  },
  /** The caller's own line: with `admin` every ref of the share, else those below its own. */
  listRefs: {
    access: "share",
    http: "GET /api/shares/:shareId/refs",
    args: z.strictObject(page),
    result: z.object({ items: z.array(grantSchema), next: z.string().optional() }),
  },
  /** Idempotent. With `share` those below the caller's own and itself, with `admin` any of the share. */
  revokeCapability: {
    access: "share",
    http: "POST /api/shares/:shareId/refs/revoke",
    args: z.strictObject({ refId: idSchema("ref"), reason: z.string().max(256).optional() }),
    result: z.object({ ref: grantSchema }),
  },
  readAudit: {
    access: "admin",
    http: "GET /api/shares/:shareId/audit",
    args: z.strictObject({ ...page, refId: idSchema("ref").optional() }),
    result: z.object({ items: z.array(auditEntrySchema), next: z.string().optional() }),
  },
} as const satisfies Record<string, Method>;

export type ShareMethod = keyof typeof SHARE_METHODS;
export type ShareArgs<M extends ShareMethod> = z.input<(typeof SHARE_METHODS)[M]["args"]>;
export type ShareResult<M extends ShareMethod> = z.infer<(typeof SHARE_METHODS)[M]["result"]>;
