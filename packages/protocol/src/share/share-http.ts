/** What is asked of a Holdfast about its shares (S-2), and answered. */
import { z } from "zod";
import { countSchema, timeSchema } from "../common.ts";
import { idSchema } from "../id.ts";
import { auditEntrySchema, grantSchema } from "./grant.ts";
import { sendErrorSchema, shareSchema } from "./share.ts";

const title = z.string().min(1).max(1_000);

/** How long a share lasts unless its owner says otherwise (S-17), in ms. */
export const SHARE_MS = 30 * 86_400_000;

export const createShareSchema = z
  .strictObject({
    /** Of a preview of this session that is at most ten minutes old (S-17). */
    previewId: idSchema("prv"),
    /** Address of the share service; default: the configured one, else the one beside this server. */
    service: z.url().max(2_048).optional(),
    /** Default: the session's. */
    title: title.optional(),
    /** `null`: never; default: in 30 days. */
    expiresAt: timeSchema.nullable().optional(),
  })
  .meta({ id: "CreateShare" });
export type CreateShare = z.infer<typeof createShareSchema>;

/** `isLocal`: it works on this machine only. */
export const shareLinkSchema = z.object({ url: z.string(), isLocal: z.boolean() }).meta({ id: "ShareLink" });
export type ShareLink = z.infer<typeof shareLinkSchema>;

export const createdShareSchema = z
  .object({ share: shareSchema, link: shareLinkSchema })
  .meta({ id: "CreatedShare" });
export type CreatedShare = z.infer<typeof createdShareSchema>;

export const changedShareSchema = z.object({ share: shareSchema }).meta({ id: "ChangedShare" });
export const shareListSchema = z.object({ items: z.array(shareSchema) }).meta({ id: "ShareList" });

export const patchShareSchema = z
  .strictObject({ title: title.optional(), expiresAt: timeSchema.nullable().optional() })
  .meta({ id: "PatchShare" });
export type PatchShare = z.infer<typeof patchShareSchema>;

/** Which service lists its shares; default: the configured one, else the one beside the server. */
export const openShareListSchema = z
  .strictObject({ service: z.url().max(2_048).optional() })
  .meta({ id: "OpenShareList" });
export type OpenShareList = z.infer<typeof openShareListSchema>;

/** Where the list of all shares of the server's publish key is read in a browser: it opens once, until `expiresAt`. */
export const shareListLinkSchema = shareLinkSchema
  .extend({ expiresAt: timeSchema })
  .meta({ id: "ShareListLink" });
export type ShareListLink = z.infer<typeof shareListLinkSchema>;

export const revokeShareRefSchema = z
  .strictObject({ refId: idSchema("ref"), reason: z.string().max(256).optional() })
  .meta({ id: "RevokeShareRef" });

/** Refs of a share as its service knows them. */
export const shareRefListSchema = z
  .object({ items: z.array(grantSchema), next: z.string().optional() })
  .meta({ id: "ShareRefList" });

/** Who did and read what of a share, as its service wrote it down (S-16). */
export const shareAuditSchema = z
  .object({ items: z.array(auditEntrySchema), next: z.string().optional() })
  .meta({ id: "ShareAudit" });
export type ShareAudit = z.infer<typeof shareAuditSchema>;

/** A batch as it is listed (S-21). */
export const shareBatchSchema = z
  .object({
    id: idSchema("bat"),
    state: z.enum(["pending", "in_flight", "acked", "failed"]),
    firstSeq: countSchema,
    lastSeq: countSchema,
    attempts: countSchema,
    nextRetryAt: timeSchema.optional(),
    lastError: sendErrorSchema.optional(),
    time: z.object({ frozen: timeSchema, ended: timeSchema.optional() }),
  })
  .meta({ id: "ShareBatch" });

export const shareBatchListSchema = z
  .object({ items: z.array(shareBatchSchema) })
  .meta({ id: "ShareBatchList" });
