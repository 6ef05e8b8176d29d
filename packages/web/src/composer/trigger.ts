/** What the words under the caret ask help for; `from` is where they begin. */
export type Trigger =
  | { kind: "command" | "file"; word: string; from: number }
  | { kind: "resource"; word: string; from: number }
  | { kind: "symbol"; path: string; word: string; from: number };

/** `/command` at the beginning; `@file`, `@file#symbol` and `@mcp://server/uri` where that is a mention, and never inside of an address. */
export function triggerOf(text: string, caret: number): Trigger | undefined {
  const before = text.slice(0, caret);
  const command = /^\/(\S*)$/.exec(before);
  if (command !== null) return { kind: "command", word: command[1] ?? "", from: 0 };
  const resource = /(?:^|[\s(])(@(?:"(mcp:[^"\n]*)|(mcp:[^\s"]*)))$/.exec(before);
  if (resource !== null) {
    const [, typed = "", quoted, bare = ""] = resource;
    const word = (quoted ?? bare).replace(/^mcp:\/{0,2}/, "");
    return { kind: "resource", word, from: caret - typed.length };
  }
  const symbol = /(?:^|[\s(])(@(?:"([^"\n]+)"|([^\s@"#]+))#([^\s@"]*))$/.exec(before);
  if (symbol !== null) {
    const [, typed = "", quoted, bare = "", word = ""] = symbol;
    return { kind: "symbol", path: quoted ?? bare, word, from: caret - typed.length };
  }
  const file = /(?:^|[\s(])(@(?:"([^"\n]*)|([^\s@"]*)))$/.exec(before);
  if (file === null) return undefined;
  const [, typed = "", quoted, bare = ""] = file;
  return { kind: "file", word: quoted ?? bare, from: caret - typed.length };
}
