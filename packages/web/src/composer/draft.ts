/** What somebody is about to say, kept in this browser until it is sent (I-15). From then on the outbox has it. */
export type Attached = { name: string; mime: string; url: string };
export type Draft = { text: string; files: Attached[] };

const EMPTY: Draft = { text: "", files: [] };
const PREFIX = "holdfast.draft.";
/** Files of a draft are kept while they fit the browser's storage, in characters of their data URLs. */
export const KEPT_FILES_LENGTH = 2_000_000;

export function readDraft(sessionId: string): Draft {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PREFIX + sessionId) ?? "null");
    return isDraft(kept) ? { text: kept.text, files: kept.files } : EMPTY;
  } catch {
    return EMPTY;
  }
}

export function writeDraft(sessionId: string, draft: Draft): void {
  const key = PREFIX + sessionId;
  try {
    if (isBlank(draft)) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify({ ...draft, files: keptFiles(draft.files) }));
  } catch {
    // A full storage costs the memory of the draft, not the draft.
  }
}

export const isBlank = ({ text, files }: Draft): boolean => text.trim() === "" && files.length === 0;

/** A draft with something that comes back before what was written meanwhile. Pure. */
export function withReturned(now: Draft, returned: Draft): Draft {
  const text = [returned.text, now.text].filter((one) => one.trim() !== "").join("\n\n");
  return { text, files: [...returned.files, ...now.files] };
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
