/** How recorded streams become files of the repository: nothing of the machine stays in them, and long lists and texts that say nothing about the protocol are cut. */

/** A picture of one pixel. */
export const DOT = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);

/** Largest recorded file, in bytes. */
const MAX_FILE_BYTES = 60_000;
/** Most entries kept of a list of options or commands. */
const MAX_LIST = 5;
/** Most UTF-16 code units kept of one string. */
const MAX_STRING = 1000;

const CUT = new Set(["options", "availableCommands", "availableSkillDetails", "availableSkills"]);

function shorten(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) {
    const kept = CUT.has(key) ? value.slice(0, MAX_LIST) : value;
    return kept.map((item) => shorten(item));
  }
  if (typeof value === "string") return value.slice(0, MAX_STRING);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shorten(inner, name)]));
}

/**
 * The lines of a recording as the text of its file, one JSON value a line, with each `places` replaced in order. Throws when `root`, in which all of it
 * was recorded, is still named, or the file would be over 60,000 bytes.
 */
export function neutralText(
  lines: readonly unknown[],
  places: readonly [from: string, to: string][],
  root: string,
): string {
  let text = `${lines.map((line) => JSON.stringify(shorten(line))).join("\n")}\n`;
  for (const [from, to] of places) text = text.replaceAll(from, to);
  text = text.replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, "http://127.0.0.1:1");
  if (text.includes(root) || Buffer.byteLength(text) > MAX_FILE_BYTES)
    throw new Error(`A recording is not neutral, or over ${MAX_FILE_BYTES} bytes.`);
  return text;
}
