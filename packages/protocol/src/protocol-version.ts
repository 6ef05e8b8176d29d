/** Versions of the API: what a field or an event means changes only with one of these. New fields and routes are no new version (I-25). */

/** Of requests, the versions that the client understands, by commas; of answers, the one that was used. A request without it takes the newest. */
export const PROTOCOL_HEADER = "holdfast-protocol";

/** Newest first. */
export const PROTOCOL_VERSIONS: readonly number[] = [1];

/** The newest version that both sides know; `undefined` when there is none, or the header says nothing that can be read. */
export function commonProtocol(
  header: string | undefined,
  versions: readonly number[] = PROTOCOL_VERSIONS,
): number | undefined {
  if (header === undefined) return versions[0];
  const known = new Set(header.split(",").map((version) => version.trim()));
  return versions.find((version) => known.has(String(version)));
}
