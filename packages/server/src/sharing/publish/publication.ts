/**
 * `publish()` (S-17): what of a session may leave the machine. A row passes through here in two passes with the rows beside it, the first of which only learns
 * what is secret in their texts; what comes out has the fields that `published.ts` of the protocol names and no other.
 *
 * ```
 *  row ─► prepare: patch, content of files ─► learn ─┐ (all rows)
 *                                                     ▼
 *                        publish: fields allowed one by one, each text settled ► masked ► its paths rewritten
 * ```
 */
import { type Change, MAX_BATCH_BYTES, type SessionId } from "@holdfast/protocol";
import type { PublishedBlob, PublishedRow } from "../../outbox/index.ts";
import type { SourceRow } from "../../store/index.ts";
import {
  type BlobChoice,
  type BlobReader,
  type BlobSource,
  filesOf,
  readSource,
  sha256Of,
} from "./blob-content.ts";
import type { PathRewriter } from "./home-paths.ts";
import { type Masker, type MaskSeen, placeholder } from "./masker.ts";
import { publishedChange } from "./published-change.ts";
import { publishedMessage } from "./published-message.ts";
import { publishedPart } from "./published-part.ts";
import { publishedModels, publishedSession, publishedUsage } from "./published-session.ts";
import { settledPrefix } from "./settled-prefix.ts";
import type { Tell } from "./telling.ts";

/** Most bytes of one payload as JSON: an operation must fit a batch with its envelope. */
const MOST_PAYLOAD_BYTES = MAX_BATCH_BYTES - 32 * 1024;

export type PublishScope = {
  sessionId: SessionId;
  includes: { files: boolean; others: boolean };
  rewrite: PathRewriter;
  /** Places with blanks in their names. */
  phrases: readonly string[];
  readBlob: BlobReader;
  /** The change with its patch, or as it is where none can be read. */
  readChange: (change: Change) => Promise<Change>;
};

/** A row with what its publication needs beside it. */
export type PreparedRow = { source: SourceRow; files: ReadonlyMap<string, BlobSource> };

export async function prepareRow(source: SourceRow, scope: PublishScope): Promise<PreparedRow> {
  if (source.row === "change")
    return { source: { ...source, change: await scope.readChange(source.change) }, files: new Map() };
  const files = new Map<string, BlobSource>();
  for (const file of filesOf(source))
    files.set(file.url, await readSource(file, scope.includes.files, scope.readBlob));
  return { source, files };
}

/** First pass: all that `publishRow` would tell is looked through. */
export function learnRow(row: PreparedRow, scope: PublishScope, masker: Masker): void {
  const phrases = [...masker.phrases(), ...scope.phrases];
  const learn: Tell = (text, { grows = false, isSecret = false } = {}) => {
    // What has only begun is no value to remember.
    if (isSecret && !grows) masker.learnWhole(text);
    else masker.learn(grows ? settledPrefix(text, phrases) : text);
    return text;
  };
  for (const file of row.files.values()) if (file.is === "text") learn(file.text);
  payloadOf(row, scope, learn, () => ({ is: "withheld" }));
}

/** Second pass, once all rows beside it were learned from. `seen` hears of each mask. */
export function publishRow(
  row: PreparedRow,
  scope: PublishScope,
  masker: Masker,
  seen?: MaskSeen,
): PublishedRow {
  const { source, files } = row;
  if (source.row === "none") return { is: "none" };
  if (isGone(row)) return { is: "omitted", reason: "expired" };
  const phrases = [...masker.phrases(), ...scope.phrases];
  const tell: Tell = (text, { grows = false, isSecret = false } = {}) =>
    isSecret
      ? grows
        ? placeholder(undefined)
        : masker.maskWhole(text, seen)
      : scope.rewrite(masker.mask(grows ? settledPrefix(text, phrases) : text, seen));
  const blobs = new Map<string, PublishedBlob>();
  const blobOf = (url: string, mime: string): BlobChoice => {
    const blob = publishedBlob(files.get(url), { mime, tell, readBlob: scope.readBlob });
    if (blob === undefined) return { is: "withheld" };
    blobs.set(blob.hash, blob);
    return { is: "blob", hash: blob.hash, mime };
  };
  const operation = payloadOf(row, scope, tell, blobOf);
  if (operation === undefined) return { is: "none" };
  const { payload } = operation;
  if (Buffer.byteLength(JSON.stringify(payload)) > MOST_PAYLOAD_BYTES)
    return { is: "omitted", reason: "tooLarge" };
  return { is: "row", type: operation.type, payload, blobs: [...blobs.values()] };
}

/** A file part whose content was to go and is not there any more (S-30). */
const isGone = ({ source, files }: PreparedRow): boolean =>
  source.row === "part" && source.part.type === "file" && files.get(source.part.url)?.is === "gone";

type Operation = Pick<Extract<PublishedRow, { is: "row" }>, "type" | "payload">;

function payloadOf(
  { source }: PreparedRow,
  { sessionId, includes }: PublishScope,
  tell: Tell,
  blobOf: (url: string, mime: string) => BlobChoice,
): Operation | undefined {
  const as = (type: Operation["type"], payload: object | undefined): Operation | undefined =>
    payload && { type, payload: payload as Operation["payload"] };
  switch (source.row) {
    case "session":
      return as("session.updated", publishedSession(source.session, tell));
    case "models":
      return as("models.updated", publishedModels(source.models, tell));
    case "usage":
      return as("usage.updated", publishedUsage(source.usage));
    case "message":
      return as("message.updated", publishedMessage(source.message, tell));
    case "part":
      return as("message.part.updated", publishedPart(source.part, source.message, { tell, blobOf }));
    case "change":
      return as(
        "change.updated",
        publishedChange(source.change, { sessionId, includesOthers: includes.others, tell }),
      );
    case "none":
      return undefined;
  }
}

function publishedBlob(
  file: BlobSource | undefined,
  { mime, tell, readBlob }: { mime: string; tell: Tell; readBlob: BlobReader },
): PublishedBlob | undefined {
  if (file?.is === "bytes") return { hash: file.hash, mime, read: () => readBlob(file.hash) };
  if (file?.is !== "text") return undefined;
  const bytes = Buffer.from(tell(file.text), "utf8");
  return { hash: sha256Of(bytes), mime, read: () => Promise.resolve(bytes) };
}
