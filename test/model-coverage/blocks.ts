/** How the tables are written: blocks of a line and the lines below it, each a `word: ...` or places. */
export type Block = { head: string; places: string[]; of: (word: string) => string[] };

export function blocksOf(text: string): Block[] {
  return text
    .trim()
    .split("\n\n")
    .map((block) => {
      const [head = "", ...rows] = block.split("\n").map((row) => row.trim());
      const told = rows.map((row) => /^([a-z]+): (.*)$/.exec(row) ?? [row]);
      return {
        head,
        places: told.flatMap(([row = "", word]) => (word === undefined ? placesIn(row) : [])),
        of: (word) => told.flatMap(([, one, value = ""]) => (one === word ? [value] : [])),
      };
    });
}

/** `Part<text> id time.end`: fields of a thing, `Session.status =busy =idle`: values of a field; a thing alone is a place. */
function placesIn(row: string): string[] {
  const [what = "", ...fields] = row.split(" ");
  return fields.length === 0
    ? [what]
    : fields.map((field) => what + (/^[=<]/.test(field) ? "" : ".") + field);
}
