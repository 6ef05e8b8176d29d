/** What is frozen of the rows that changed (S-3, S-4): pure but for reading the blobs that nobody has yet. */
import { chainAfter, cleanJson, payloadHash } from "@holdfast/kernel";
import {
  type BatchId,
  MAX_BATCH_BYTES,
  MAX_SHARE_BLOB_BYTES,
  type Omission,
  type OperationType,
  type ShareKey,
  type ShareOperation,
  type ShareOperationId,
} from "@holdfast/protocol";
import type { FrozenOperation, SentForm, ShareMark, ShareSource, SourceRow } from "../store/index.ts";
import { formOf, growthOf } from "./growth.ts";
import type { PublishedBlob, PublishedRow } from "./projection.ts";

/** What the envelope of a batch may take of its bytes. */
const ENVELOPE_BYTES = 4_096;
const ROOM_BYTES = MAX_BATCH_BYTES - ENVELOPE_BYTES;
/** Bytes of blobs that go with one freeze; what is left goes with the next. */
const BLOB_ROOM_BYTES = MAX_SHARE_BLOB_BYTES;

type MadeBatch = {
  /** The marks of the rows that this batch looked at; those that did not fit stand. */
  marks: ShareMark[];
  operations: FrozenOperation[];
  chain: string;
  blobs: { hash: string; mime: string; bytes: Uint8Array }[];
};

type Begin = {
  batchId: BatchId;
  cursor: number;
  chain: string;
  limit: number;
  newOperationId: () => ShareOperationId;
};

type Draft = {
  type: OperationType;
  payload: Record<string, unknown>;
  /** Of the payload, where it is known. */
  hash?: string;
  sent: SentForm | undefined;
  dependsOn: string[];
  blobs: PublishedBlob[];
};

/** `published` stands beside `source.rows`. */
export async function makeBatch(
  source: ShareSource,
  published: readonly PublishedRow[],
  begin: Begin,
): Promise<MadeBatch> {
  const made: MadeBatch = { marks: [], operations: [], chain: begin.chain, blobs: [] };
  const versions = new Map(source.marks.map((mark) => [mark.key, mark]));
  const removed = new Set<string>();
  let bytes = 0;
  for (const [index, row] of source.rows.entries()) {
    const shown = published[index] ?? { is: "none" };
    let draft = draftOf(source, row, shown, removed);
    if (draft !== undefined && sizeOf(draft) > ROOM_BYTES)
      draft = omit(row, source.sent[row.key], "tooLarge");
    if (draft !== undefined) draft = await storeBlobs(source, made, row, draft);
    const size = draft === undefined ? 0 : sizeOf(draft);
    const isFull = made.operations.length >= begin.limit || bytes + size > ROOM_BYTES;
    if (draft !== undefined && isFull) break;
    if (draft !== undefined) {
      bytes += size;
      put(made, begin, row.key, draft);
      if (draft.type === "message.removed") removed.add(row.key);
    }
    const mark = versions.get(row.key);
    if (mark !== undefined) made.marks.push(mark);
    if (blobBytes(made) >= BLOB_ROOM_BYTES) break;
  }
  return made;
}

const sizeOf = ({ payload, dependsOn }: Draft): number =>
  Buffer.byteLength(JSON.stringify(payload)) + JSON.stringify(dependsOn).length + 400;

const blobBytes = ({ blobs }: MadeBatch): number =>
  blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);

function put(made: MadeBatch, begin: Begin, key: ShareKey, draft: Draft): void {
  const seq = begin.cursor + made.operations.length + 1;
  const operation: ShareOperation = {
    opId: begin.newOperationId(),
    batchId: begin.batchId,
    seq,
    type: draft.type,
    key,
    dependsOn: seq === 1 ? ["begin", ...draft.dependsOn] : draft.dependsOn,
    payload: draft.payload,
    payloadHash: draft.hash ?? payloadHash(draft.payload),
  };
  made.chain = chainAfter(made.chain, operation.opId, operation.payloadHash);
  made.operations.push(draft.sent === undefined ? { operation } : { operation, sent: draft.sent });
}

/** What has to be said of a row, if anything is new of it. */
function draftOf(
  source: ShareSource,
  row: SourceRow,
  shown: PublishedRow,
  removed: ReadonlySet<string>,
): Draft | undefined {
  const sent = source.sent[row.key];
  const withheld = source.withheld[row.key];
  if (withheld !== undefined && shown.is !== "none") return omit(row, sent, withheld);
  if (shown.is === "omitted") return omit(row, sent, shown.reason);
  if (shown.is === "none") return sent === undefined ? undefined : removalOf(row.key, sent, removed);
  const payload = cleanJson(shown.payload);
  const parent = parentOf(row);
  const form = formOf(payload, parent);
  // A row that was refused is sent again only once it is another one (S-22).
  if (sent?.hash === form.hash && (sent.omitted === undefined || sent.omitted === "refused"))
    return undefined;
  const dependsOn = [
    ...(parent === undefined ? [] : [`key:${parent}`]),
    ...new Set(shown.blobs.map(({ hash }) => `sha256:${hash}`)),
  ];
  const grown = sent === undefined || row.row !== "part" ? undefined : growthOf(sent, payload);
  if (grown === undefined || row.row !== "part")
    return { type: shown.type, payload, hash: form.hash, sent: form, dependsOn, blobs: shown.blobs };
  const delta = { messageId: row.part.messageId, partId: row.part.id, ...grown };
  return { type: "message.part.delta", payload: delta, sent: form, dependsOn, blobs: shown.blobs };
}

const parentOf = (row: SourceRow): string | undefined =>
  row.row === "part" ? `message:${row.part.messageId}` : undefined;

function omit(row: SourceRow, sent: SentForm | undefined, reason: Omission): Draft | undefined {
  const parent = parentOf(row) ?? sent?.parent;
  const messageId = parent?.slice("message:".length);
  const payload = messageId === undefined ? { key: row.key, reason } : { key: row.key, messageId, reason };
  const hash = payloadHash(payload);
  if (sent?.hash === hash) return undefined;
  const dependsOn = parent === undefined ? [] : [`key:${parent}`];
  return { type: "omitted", payload, sent: { hash, parent, omitted: reason }, dependsOn, blobs: [] };
}

/** With a message go its parts; session, models and usage are never gone. */
function removalOf(key: ShareKey, { parent }: SentForm, removed: ReadonlySet<string>): Draft | undefined {
  const [kind, id] = key.split(":");
  const said = (type: OperationType, payload: Record<string, unknown>): Draft => ({
    type,
    payload,
    sent: undefined,
    dependsOn: [],
    blobs: [],
  });
  if (kind === "message") return said("message.removed", { messageId: id });
  if (kind === "change") return said("change.removed", { changeId: id });
  if (kind !== "part" || parent === undefined || removed.has(parent)) return undefined;
  return said("message.part.removed", { messageId: parent.slice("message:".length), partId: id });
}

/** Takes the blobs that nobody has yet into the freeze; a row whose blob is gone or too long is omitted (S-30). */
async function storeBlobs(
  source: ShareSource,
  made: MadeBatch,
  row: SourceRow,
  draft: Draft,
): Promise<Draft | undefined> {
  const found: MadeBatch["blobs"] = [];
  for (const blob of draft.blobs) {
    const { hash, mime } = blob;
    const isKnown = source.blobs.includes(hash) || [...made.blobs, ...found].some((one) => one.hash === hash);
    if (isKnown) continue;
    const bytes = await blob.read();
    if (bytes === undefined) return omit(row, source.sent[row.key], "expired");
    if (bytes.byteLength > MAX_SHARE_BLOB_BYTES) return omit(row, source.sent[row.key], "tooLarge");
    found.push({ hash, mime, bytes });
  }
  made.blobs.push(...found);
  return draft;
}
