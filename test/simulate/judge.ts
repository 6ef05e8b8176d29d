/** Whether readers see what `publish()` makes of the session as it is (S-6): both sides as the same table, key by key. */
import {
  canonicalJson,
  type Model,
  type SharedMessage,
  type SharedSession,
  type ShareKey,
  type ShareResult,
} from "@holdfast/protocol";
import type { Projection, PublishedBlob } from "../../packages/server/src/outbox/index.ts";
import type { ShareMask, SourceRow, Store, StoredShare } from "../../packages/server/src/store/index.ts";

/** What is shown of each key: canonical JSON of the published row, or why it is omitted. Keys of which nothing is shown are not in it. */
export type Table = Map<string, string>;

/** The rows of a session as the outbox would read them, all of them, without asking it. */
export async function sourceOf(store: Store, share: StoredShare): Promise<SourceRow[]> {
  const session = await store.getSession(share.sessionId);
  if (session === undefined) return [];
  const rows: SourceRow[] = [{ key: "session", row: "session", session }];
  const models: Model[] = [];
  const messages = [];
  for await (const message of store.streamMessages(share.sessionId)) messages.unshift(message);
  for (const { info, parts } of messages) {
    rows.push({ key: `message:${info.id}`, row: "message", message: info });
    for (const part of parts) rows.push({ key: `part:${part.id}`, row: "part", part, message: info });
    if (info.role !== "assistant" || info.model === undefined) continue;
    const text = canonicalJson(info.model);
    if (!models.some((model) => canonicalJson(model) === text)) models.push(info.model);
  }
  rows.push({ key: "models", row: "models", models });
  if (session.usage !== undefined) rows.push({ key: "usage", row: "usage", usage: session.usage });
  for (const change of await store.listChanges({ workspaceId: session.workspaceId }))
    rows.push({ key: `change:${change.id}`, row: "change", change });
  return rows;
}

/** What a file of the row of `key` holds, as it is published. */
export type Content = PublishedBlob & { key: string };

/** What readers are to see at rest. */
export async function expectedTable(
  project: Projection,
  share: StoredShare,
  rows: readonly SourceRow[],
  masks: readonly ShareMask[],
  omitted: Readonly<Record<string, string>>,
): Promise<{ table: Table; newMasks: ShareMask[]; contents: Content[] }> {
  const projected = await project({ share, rows, masks });
  const table: Table = new Map();
  const contents: Content[] = [];
  for (const [at, row] of projected.rows.entries()) {
    const key = rows[at]?.key ?? "";
    const reason = omitted[key] ?? (row.is === "omitted" ? row.reason : undefined);
    if (reason !== undefined && row.is !== "none") table.set(key, `omitted: ${reason}`);
    else if (row.is === "row") {
      table.set(key, canonicalJson(rowOf(row.payload)));
      contents.push(...row.blobs.map((blob) => ({ key, ...blob })));
    }
    // Of no models nothing is told.
    if (table.get(key) === "[]") table.delete(key);
  }
  return {
    table,
    contents,
    newMasks: projected.masks.filter(({ number }) => !masks.some((mask) => mask.number === number)),
  };
}

/** An operation's payload holds its row under one name. */
const rowOf = (payload: Readonly<Record<string, unknown>>): unknown => Object.values(payload)[0];

/** What a reader with this ref sees. */
export type Reading = {
  session: SharedSession;
  messages: SharedMessage[];
  changes: ShareResult<"readChanges">["items"];
};

export function shownTable({ session, messages, changes }: Reading): Table {
  const table: Table = new Map();
  const show = (key: ShareKey, row: unknown) => void table.set(key, canonicalJson(row));
  if (session.session !== undefined) show("session", session.session);
  if (session.models.length > 0) show("models", session.models);
  if (session.usage !== undefined) show("usage", session.usage);
  for (const { info, parts, omitted } of messages) {
    show(`message:${info.id}`, info);
    for (const part of parts) show(`part:${part.id}`, part);
    for (const { key, reason } of omitted) table.set(key, `omitted: ${reason}`);
  }
  for (const change of changes) show(`change:${change.id}`, change);
  for (const { key, reason } of session.omitted) table.set(key, `omitted: ${reason}`);
  return table;
}

/** Where they differ, at most five lines. */
export function differences(expected: Table, shown: Table): string[] {
  const keys = [...new Set([...expected.keys(), ...shown.keys()])];
  const lines = keys.flatMap((key) => {
    const [one, other] = [expected.get(key), shown.get(key)];
    return one === other ? [] : [`${key}: local ${brief(one)} but shared ${brief(other)}`];
  });
  return lines.length > 5 ? [...lines.slice(0, 5), `and ${lines.length - 5} more`] : lines;
}

const brief = (text: string | undefined): string => (text === undefined ? "nothing" : text.slice(0, 300));
