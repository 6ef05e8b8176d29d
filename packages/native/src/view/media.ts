/** Images and PDF files in the model's view (session-model 12): what a model takes, and where. */
import type { FilePart } from "@holdfast/protocol";
import type { FilePart as SentFile, TextPart as SentText } from "ai";
import type { ViewOptions } from "./options.ts";
import { attached, notTaken, WORDS } from "./words.ts";

export type Medium = "image" | "pdf";
type File = Pick<FilePart, "mime" | "filename" | "url">;

const BLOB = "blob:";

/** What every provider takes that takes images; others would have the whole request refused, again and again. */
const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

export function mediumOf(mime: string): Medium | undefined {
  const [type = ""] = mime.toLowerCase().split(";");
  if (type.trim() === "application/pdf") return "pdf";
  return IMAGES.has(type.trim()) ? "image" : undefined;
}

/** Of a model that nothing is known of, the three providers' own take both; one behind an endpoint of somebody's takes text alone. */
export function takes({ facts, kind }: ViewOptions, medium: Medium): boolean {
  const known = medium === "pdf" ? facts.pdf : facts.images;
  return known ?? kind !== "openai-compatible";
}

/** Whether it may stand in the result of a call; else it follows in a user message. */
export function takesInResults({ kind, model }: ViewOptions): boolean {
  if (kind === "google") return model.modelId.includes("gemini-3");
  return kind === "anthropic" || kind === "openai";
}

/** Hash of stored content; `undefined` for a reference. */
export const hashOf = ({ url }: Pick<FilePart, "url">): string | undefined =>
  url.startsWith(BLOB) ? url.slice(BLOB.length) : undefined;

/** An image or a PDF as it is given to the model, or the text that stands for it. */
export async function mediaPart(
  file: File,
  medium: Medium,
  options: ViewOptions,
): Promise<SentFile | SentText> {
  const { mime, filename } = file;
  if (options.stripMedia === true) return { type: "text", text: attached(mime, filename) };
  if (!takes(options, medium)) return { type: "text", text: notTaken(medium, filename) };
  const hash = hashOf(file);
  const bytes = hash === undefined ? undefined : await options.blob(hash);
  if (bytes === undefined)
    return { type: "text", text: attached(mime, filename, ", which is not stored here") };
  if (bytes.byteLength === 0) return { type: "text", text: WORDS.empty };
  return {
    type: "file",
    data: { type: "data", data: bytes },
    mediaType: mime,
    ...(filename === undefined ? {} : { filename }),
  };
}
