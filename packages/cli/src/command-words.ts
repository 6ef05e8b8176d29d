import { CliError, EXIT } from "./exit-code.ts";

/** A program and its arguments: a JSON list, or words between spaces; no shell reads them. `undefined` for nothing. Throws CliError (2). */
export function parseCommand(text: string): string[] | undefined {
  const words = text.trim().startsWith("[")
    ? fromJson(text)
    : text.split(/\s+/).filter((word) => word !== "");
  return words.length === 0 ? undefined : words;
}

function fromJson(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((word) => typeof word === "string")) return value;
  } catch {
    // Said below.
  }
  throw new CliError(EXIT.usage, `${text} is no JSON list of words, such as ["npm", "ci"].`);
}
