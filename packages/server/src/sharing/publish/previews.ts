/** What would leave if a session were shared now (S-17). A share is made from a preview only, with what was ticked in it. */
import { type Clock, HoldfastError, newId, notFound } from "@holdfast/kernel";
import {
  type Change,
  type MaskKind,
  type Message,
  type Model,
  PREVIEW_LIMITS,
  PREVIEW_MS,
  type Session,
  type SessionId,
  type ShareIncludes,
  type SharePreview,
} from "@holdfast/protocol";
import type { SourceRow, Store } from "../../store/index.ts";
import { filesOf } from "./blob-content.ts";
import { createMasker, type Masker, memoryOf } from "./masker.ts";
import type { Publisher } from "./projection.ts";
import { learnRow, type PreparedRow, prepareRow, publishRow, type PublishScope } from "./publication.ts";

export type PreviewDeps = {
  publisher: Publisher;
  store: Pick<Store, "getSession" | "streamMessages">;
  /** Pending changes of the session's workspace, with their patches. */
  listChanges: (session: Session) => Promise<Change[]>;
  clock: Clock;
};

export type Previews = {
  /** Rejects NOT_FOUND. */
  preview(sessionId: SessionId, includes: ShareIncludes): Promise<SharePreview>;
  /** What was ticked in a preview of this session that is still good. Throws PREVIEW_STALE. A preview may be used again until it is old. */
  includesOf(previewId: string, sessionId: SessionId): ShareIncludes;
};

/** Previews that are remembered. */
const MOST_PREVIEWS = 200;

const WARNING =
  "Everything that is written in this session from now on is sent as it is written, until you pause or revoke the share. Secrets are masked as well as they can be told; look through what is shared.";

type Kept = { sessionId: SessionId; includes: ShareIncludes; expiresAt: number };

export function createPreviews(deps: PreviewDeps): Previews {
  const { clock, publisher } = deps;
  const kept = new Map<string, Kept>();
  return {
    async preview(sessionId, includes) {
      const session = await deps.store.getSession(sessionId);
      if (session === undefined) throw notFound("session", sessionId);
      const scope = await publisher.scopeOf({ sessionId, includes });
      const masker = createMasker(memoryOf([]), await publisher.knownOf(sessionId));
      await eachRows(deps, session, async (rows) => {
        for (const row of rows) learnRow(await prepareRow(row, scope), scope, masker);
        masker.forgetTexts();
      });
      const report = createReport();
      await eachRows(deps, session, async (rows) => {
        for (const row of rows) report.add(await prepareRow(row, scope), scope, masker);
        masker.forgetTexts();
      });
      const now = clock.now();
      const previewId = newId("prv", now);
      const expiresAt = now + PREVIEW_MS;
      for (const [id, one] of kept) if (one.expiresAt <= now || kept.size >= MOST_PREVIEWS) kept.delete(id);
      kept.set(previewId, { sessionId, includes, expiresAt });
      return { previewId, expiresAt, includes, ...report.result(), warning: WARNING };
    },
    includesOf(previewId, sessionId) {
      const one = kept.get(previewId);
      if (one?.sessionId === sessionId && one.expiresAt > clock.now()) return one.includes;
      const minutes = PREVIEW_MS / 60_000;
      throw new HoldfastError(
        "PREVIEW_STALE",
        `Ask for a preview of session ${sessionId} and share within ${minutes} minutes of it; ${previewId} is none, or too old.`,
      );
    },
  };
}

/** All rows of a session, message by message, so that memory stays bounded; the last are its models, which its messages tell. */
async function eachRows(
  { store, listChanges }: PreviewDeps,
  session: Session,
  take: (rows: SourceRow[]) => Promise<void>,
): Promise<void> {
  await take([
    { key: "session", row: "session", session },
    { key: "usage", row: "usage", usage: session.usage },
  ]);
  const models = new Map<string, Model>();
  for await (const message of store.streamMessages(session.id)) {
    const { info } = message;
    if (info.role === "assistant" && info.model !== undefined)
      models.set(JSON.stringify(info.model), info.model);
    await take(rowsOf(message));
  }
  for (const change of await listChanges(session))
    await take([{ key: `change:${change.id}`, row: "change", change }]);
  await take([{ key: "models", row: "models", models: [...models.values()] }]);
}

const rowsOf = ({ info, parts }: Message): SourceRow[] => [
  { key: `message:${info.id}`, row: "message", message: info },
  ...parts.map((part): SourceRow => ({ key: `part:${part.id}`, row: "part", part, message: info })),
];

type Masked = SharePreview["masked"][number];

function createReport() {
  const counts: SharePreview["counts"] = {
    messages: 0,
    parts: 0,
    changes: 0,
    masked: 0,
    files: 0,
    omitted: 0,
    bytes: 0,
  };
  const masked = new Map<string, Masked>();
  const files: SharePreview["files"] = [];
  const count = (kind: MaskKind, number: number | undefined, source: SourceRow): void => {
    const key = number === undefined ? kind : String(number);
    const value = masked.get(key) ?? { kind, count: 0, places: [] };
    masked.set(key, value);
    value.count += 1;
    const place = placeOf(source);
    const isNew = value.places.every((one) => JSON.stringify(one) !== JSON.stringify(place));
    if (isNew && value.places.length < PREVIEW_LIMITS.places) value.places.push(place);
  };
  return {
    add(row: PreparedRow, scope: PublishScope, masker: Masker): void {
      const { source } = row;
      const published = publishRow(row, scope, masker, ({ kind, number }) => count(kind, number, source));
      if (published.is === "none") return;
      if (published.is === "omitted") counts.omitted += 1;
      else counts.bytes += Buffer.byteLength(JSON.stringify(published.payload));
      if (source.row === "message") counts.messages += 1;
      if (source.row === "part") counts.parts += 1;
      if (source.row === "change") counts.changes += 1;
      const named = namedFiles(row, (text) => scope.rewrite(masker.mask(text)));
      counts.files += named.length;
      files.push(...named.slice(0, PREVIEW_LIMITS.files - files.length));
    },
    result() {
      counts.masked = masked.size;
      return { counts, masked: [...masked.values()].slice(0, PREVIEW_LIMITS.masked), files };
    },
  };
}

function placeOf(source: SourceRow): Masked["places"][number] {
  if (source.row === "part") {
    const { id, messageId, type } = source.part;
    return { what: type, messageId, partId: id };
  }
  if (source.row === "message") return { what: "message", messageId: source.message.id };
  return source.row === "change" ? { what: "change", changeId: source.change.id } : { what: source.row };
}

function namedFiles(row: PreparedRow, tell: (text: string) => string): SharePreview["files"] {
  if (row.source.row !== "part") return [];
  const { id: partId, messageId } = row.source.part;
  return filesOf(row.source).map(({ url, mime, filename }) => {
    const content = row.files.get(url)?.is ?? "withheld";
    return {
      messageId,
      partId,
      mime: tell(mime),
      ...(filename === undefined ? {} : { filename: tell(filename) }),
      content: content === "withheld" || content === "gone" ? content : "included",
    };
  });
}
