/**
 * What somebody is about to say, kept in this browser until the server has it (I-15). Invariants: a draft is cleared only by the
 * acceptance of exactly what was sent; text that was typed while a request was under way stays; a request that nobody answered is
 * repeated with its key, so that it is admitted once (D-5).
 */
import { newIdempotencyKey } from "@holdfast/client";

export type Attached = { name: string; mime: string; url: string };
export type Draft = {
  text: string;
  files: Attached[];
  /** Of the request that was sent with exactly this text and these files, and was not answered yet. */
  sent?: { key: string; text: string };
};

const EMPTY: Draft = { text: "", files: [] };
const PREFIX = "holdfast.draft.";
/** Files of a draft are kept while they fit the browser's storage, in characters of their data URLs. */
const KEPT_FILES_LENGTH = 2_000_000;

export function readDraft(sessionId: string): Draft {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PREFIX + sessionId) ?? "null");
    return isDraft(kept) ? kept : EMPTY;
  } catch {
    return EMPTY;
  }
}

export function writeDraft(sessionId: string, draft: Draft): void {
  const key = PREFIX + sessionId;
  try {
    if (draft.text === "" && draft.files.length === 0 && draft.sent === undefined)
      localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify({ ...draft, files: keptFiles(draft.files) }));
  } catch {
    // A full storage costs the memory of the draft, not the draft.
  }
}

/** The key to send a draft with: the one of an unanswered request for the same words, else a new one. */
export function keyFor(draft: Draft): string {
  return draft.sent !== undefined && draft.sent.text === draft.text ? draft.sent.key : newIdempotencyKey();
}

/** What is left of a draft when `sent` was accepted: what was written meanwhile. */
export function afterAcceptance(now: Draft, sent: Draft): Draft {
  const files = now.files.filter((file) => !sent.files.includes(file));
  if (now.text === sent.text) return { text: "", files };
  return {
    text: now.text.startsWith(sent.text) ? now.text.slice(sent.text.length).trimStart() : now.text,
    files,
  };
}

function keptFiles(files: Attached[]): Attached[] {
  let room = KEPT_FILES_LENGTH;
  return files.filter(({ url }) => (room -= url.length) >= 0);
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const { text, files } = value as Partial<Draft>;
  return typeof text === "string" && Array.isArray(files);
}
