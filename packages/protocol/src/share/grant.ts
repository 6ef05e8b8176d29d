/** Sturdy refs (S-13): a secret that stands for a grant, what the grant allows, and how it is narrowed. */
import { z } from "zod";
import { actorSchema, countSchema, timeSchema } from "../common.ts";
import { idSchema, sessionIdSchema } from "../id.ts";

/** What a grant may allow (S-14). `append` is a publisher's and never in a link; `prompt` and `approve` are for live sessions only. */
export const RIGHTS = ["read", "comment", "prompt", "approve", "append", "share", "admin"] as const;
const rightSchema = z.enum(RIGHTS);
export type Right = z.infer<typeof rightSchema>;

export const rightsSchema = z.array(rightSchema).min(1).max(RIGHTS.length);

/** A secret as it is given out: `hfs_`, 32 random bytes in base64url, and six characters by which a mistyped or cut one is told. */
export const refSecretSchema = z
  .string()
  .regex(/^hfs_[A-Za-z0-9_-]{43}[0-9a-z]{6}$/, "Expected the secret of a ref.");

export const caveatsSchema = z
  .strictObject({
    expiresAt: timeSchema.optional(),
    /** Accepted writes, or on a grant that only reads: distinct peers and days (S-16). */
    maxUses: countSchema.min(1).optional(),
    /** Whom it is for, in the owner's words; shown, and kept with each use. */
    audience: z.string().min(1).max(256).optional(),
    /** Tools that `approve` may answer for, by name; others ask the owner. */
    tools: z.array(z.string().min(1).max(128)).min(1).max(100).optional(),
    /** Paths below the workspace that `approve` may answer for. */
    paths: z.array(z.string().min(1).max(1_024)).min(1).max(100).optional(),
  })
  .meta({ id: "Caveats" });
export type Caveats = z.infer<typeof caveatsSchema>;

/** What a grant may allow on a session of the Holdfast that made it. */
export const LIVE_RIGHTS = [
  "read",
  "comment",
  "prompt",
  "approve",
  "share",
  "admin",
] as const satisfies Right[];

const sessionTargetSchema = z.strictObject({ kind: z.literal("session"), id: sessionIdSchema });

export const grantTargetSchema = z.discriminatedUnion("kind", [
  sessionTargetSchema,
  z.strictObject({ kind: z.literal("share"), id: idSchema("shr") }),
]);
export type GrantTarget = z.infer<typeof grantTargetSchema>;

/** A grant as its owner sees it. `id` names it and is no authority. */
export const grantSchema = z
  .object({
    id: idSchema("ref"),
    parentId: idSchema("ref").optional(),
    /** The first of its line: itself where it has no parent. */
    rootId: idSchema("ref"),
    target: grantTargetSchema,
    rights: rightsSchema,
    caveats: caveatsSchema,
    label: z.string().max(256),
    /** The target's epoch when it was made: of a lower one it is dead for good. */
    epoch: countSchema,
    createdBy: actorSchema,
    uses: countSchema,
    /** Why it no longer works, for the owner alone. */
    ended: z.enum(["revoked", "parentRevoked", "expired", "exhausted", "epoch", "targetGone"]).optional(),
    revoked: z.object({ at: timeSchema, by: actorSchema, reason: z.string().max(256).optional() }).optional(),
    time: z.object({ created: timeSchema, lastUsed: timeSchema.optional() }),
  })
  .meta({ id: "Grant" });
export type Grant = z.infer<typeof grantSchema>;

/** One line of a target's audit (S-16): a write, or what one peer read in an hour. */
export const auditEntrySchema = z
  .object({
    refId: idSchema("ref").optional(),
    action: z.string().max(64),
    /** The address that asked, as far as the listener knows it. */
    peer: z.string().max(128),
    count: countSchema,
    first: timeSchema,
    last: timeSchema,
    detail: z.string().max(256).optional(),
  })
  .meta({ id: "AuditEntry" });
export type AuditEntry = z.infer<typeof auditEntrySchema>;
