/** What would leave the machine if a session were shared now (S-17): looked at before it is. */
import { z } from "zod";
import { countSchema, timeSchema } from "../common.ts";
import { changeIdSchema, idSchema, messageIdSchema, partIdSchema } from "../id.ts";

/**
 * Why a value is masked. `known`: a secret of this machine or of this server. `key`: a private key. `token`: it has the form of a service's token. `password`: it
 * stands behind such a name. `address`: it stands in one, as a password or a key. `data`: a file that stands in a text. `random`: nobody wrote it.
 */
export const MASK_KINDS = ["known", "key", "token", "password", "address", "data", "random"] as const;
export const maskKindSchema = z.enum(MASK_KINDS);
export type MaskKind = z.infer<typeof maskKindSchema>;

/** A preview is good for so long (S-17), in ms. */
export const PREVIEW_MS = 600_000;

/** What the owner ticks: images and binary files, and what others wrote into changes of this session (S-34). */
export const shareIncludesSchema = z.strictObject({
  files: z.boolean().default(false),
  others: z.boolean().default(false),
});
export type ShareIncludes = z.infer<typeof shareIncludesSchema>;

export const createSharePreviewSchema = z
  .strictObject({ includes: shareIncludesSchema.default({ files: false, others: false }) })
  .meta({ id: "CreateSharePreview" });
export type CreateSharePreview = z.input<typeof createSharePreviewSchema>;

/** Where in the session. */
const placeSchema = z.object({
  /** A kind of row, and for a part its type: `session`, `message`, `text`, `tool`, `file`, `change` ... */
  what: z.string(),
  messageId: messageIdSchema.optional(),
  partId: partIdSchema.optional(),
  changeId: changeIdSchema.optional(),
});

/** One value that is masked, without the value. `count`: how often in all; `places` are the first of them. */
const maskedValueSchema = z.object({
  kind: maskKindSchema,
  count: countSchema,
  places: z.array(placeSchema),
});

const previewedFileSchema = z.object({
  messageId: messageIdSchema,
  partId: partIdSchema,
  mime: z.string(),
  filename: z.string().optional(),
  /** `included`: its content goes, masked where it is a text. `withheld`: only its name goes. `gone`: nobody has its content any more. */
  content: z.enum(["included", "withheld", "gone"]),
});

export const sharePreviewSchema = z
  .object({
    previewId: idSchema("prv"),
    /** Until then a share can be made with it. */
    expiresAt: timeSchema,
    includes: shareIncludesSchema,
    counts: z.object({
      messages: countSchema,
      parts: countSchema,
      changes: countSchema,
      /** Values that are masked, each once. */
      masked: countSchema,
      files: countSchema,
      /** Rows of which nothing but their place is shown. */
      omitted: countSchema,
      /** UTF-8 bytes of all that would go as JSON, without files. */
      bytes: countSchema,
    }),
    /** At most `PREVIEW_LIMITS.masked`, in the order of their first places. */
    masked: z.array(maskedValueSchema),
    /** At most `PREVIEW_LIMITS.files`. */
    files: z.array(previewedFileSchema),
    /** What a preview cannot show, in words: later content, and what masking cannot promise. */
    warning: z.string(),
  })
  .meta({ id: "SharePreview" });
export type SharePreview = z.infer<typeof sharePreviewSchema>;

/** Entries of the lists of a preview; `counts` has all. `places`: of each masked value. */
export const PREVIEW_LIMITS = { masked: 500, files: 500, places: 5 } as const;
