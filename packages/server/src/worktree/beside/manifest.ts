/**
 * The stored form of a parcel: a commit whose tree has `manifest.json`, and `bytes/<n>`, which one behind the other are the bytes of its files and links in
 * the order of the manifest. So any name and any bytes fit, in few objects.
 */
import { z } from "zod";

export const MANIFEST = "manifest.json";
/** Bytes of one object. */
export const CHUNK_BYTES = 16 * 1024 * 1024;
export const chunkName = (at: number): string => String(at).padStart(6, "0");

/** A path below a root, as Latin-1: no step out of it, and not git's own. */
const keySchema = z
  .string()
  .min(1)
  .refine((key) => !key.includes("\0") && key !== ".git" && !key.startsWith(".git/"))
  .refine((key) => key.split("/").every((name) => name !== "" && name !== "." && name !== ".."));

const entrySchema = z.object({
  in: z.enum(["files", "git"]),
  key: keySchema,
  kind: z.enum(["file", "link", "directory"]),
  mode: z.int().min(0).max(0o777),
  size: z.int().min(0),
});

export const manifestSchema = z.object({
  version: z.literal(1),
  /** Name of git's directory of the worktree, which files of submodules name. */
  admin: z.string(),
  sign: z.string(),
  /** `git` before `files`, and each directory before what is in it. */
  entries: z.array(entrySchema),
});
export type Manifest = z.infer<typeof manifestSchema>;
