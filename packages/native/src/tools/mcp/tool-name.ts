/** Characters of a tool's name that every provider takes. */
const MOST = 64;

/** `server_tool`, of letters, digits, `_` and `-`, not among those that are taken; the taken ones grow by it. */
export function toolName(server: string, tool: string, taken: Set<string>): string {
  const clean = `${server}_${tool}`.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, MOST);
  let name = clean;
  for (let at = 2; taken.has(name); at += 1) name = `${clean.slice(0, MOST - 1 - String(at).length)}_${at}`;
  taken.add(name);
  return name;
}
