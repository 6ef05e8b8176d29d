import type { SessionEvent } from "@holdfast/protocol";

const files = import.meta.glob<readonly SessionEvent[]>("./*.json", { eager: true, import: "default" });

/** Sessions as `scripts/record-gallery.ts` recorded them from a real server, by name: every event that a live reader heard. */
export const RECORDINGS: ReadonlyMap<string, readonly SessionEvent[]> = new Map(
  Object.entries(files).map(([path, events]) => [path.replace(/^\.\/|\.json$/g, ""), events]),
);
