/**
 * What a page of the share service was opened with (S-12, S-35). A read link stands in the path. A stronger ref comes in the fragment, which no server sees: it
 * is taken out of the address first, and lives in this page's memory alone; nothing that the browser keeps is looked at.
 */

/** The secret of the read link that this page has as its address. */
export const secretOfPath = (path: string): string => decoded(path.split("/")[2] ?? "");

/** What the fragment brought, which is gone from the address and from the history then. */
export function takeFragment(location: Location, history: History): string | undefined {
  const text = location.hash.slice(1);
  if (text === "") return undefined;
  history.replaceState(history.state, "", location.pathname + location.search);
  return decoded(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
