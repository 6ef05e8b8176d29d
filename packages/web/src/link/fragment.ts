/**
 * What a page was opened with by a link (S-12, S-35). A ref comes in the fragment, which no server sees: it is taken out of the address first, and lives in the
 * page's memory alone.
 */

/** What the fragment brought, which is gone from the address and from the history then. */
export function takeFragment(location: Location, history: History): string | undefined {
  const text = location.hash.slice(1);
  if (text === "") return undefined;
  history.replaceState(history.state, "", location.pathname + location.search);
  return decoded(text);
}

/** A part of an address as it was meant; as it is where it is no escape of anything. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
