import { KEPT_FILES_LENGTH } from "./draft.ts";
import type { Sent, SentMemory } from "./outbox.ts";

/** What a session has outstanding, in this browser's storage: an entry each, so that windows with the same session do not write over each other. */
export function sentMemory(sessionId: string): SentMemory {
  const prefix = `holdfast.sent.${sessionId}.`;
  return {
    read: () =>
      Object.keys(localStorage)
        .filter((name) => name.startsWith(prefix))
        .flatMap((name) => parse(localStorage.getItem(name))),
    keep(sent) {
      // Without its files it would be another request under the same key.
      if (sent.files.reduce((sum, { url }) => sum + url.length, 0) > KEPT_FILES_LENGTH) return;
      try {
        localStorage.setItem(prefix + sent.key, JSON.stringify(sent));
      } catch {
        // A full storage costs the repetition after a reload.
      }
    },
    drop: (key) => localStorage.removeItem(prefix + key),
  };
}

function parse(text: string | null): Sent[] {
  try {
    const sent = JSON.parse(text ?? "null") as Partial<Sent> | null;
    const isSent =
      typeof sent?.key === "string" &&
      typeof sent.at === "number" &&
      typeof sent.text === "string" &&
      Array.isArray(sent.files) &&
      (sent.stops === undefined || typeof sent.stops === "string") &&
      (sent.delivery === "queue" || sent.delivery === "steer");
    return isSent ? [sent as Sent] : [];
  } catch {
    return [];
  }
}
