import { opendir } from "node:fs/promises";
import { errorText } from "@holdfast/kernel";
import { ToolError } from "../tool.ts";
import type { Place } from "./place.ts";
import { plain } from "./plain.ts";

/** Entries of a directory that are shown, and that are looked at. */
const SHOWN = 1_000;
const LOOKED_AT = 20_000;

/** One directory, a name a line, directories first with a slash behind them, links with what they are. Rejects with a `ToolError` where it cannot be read. */
export async function listingOf({ path, shown }: Place): Promise<{ text: string; entries: number }> {
  const directories: string[] = [];
  const others: string[] = [];
  try {
    for await (const entry of await opendir(path)) {
      if (directories.length + others.length >= LOOKED_AT) break;
      const name = plain(entry.name);
      if (entry.isDirectory()) directories.push(`${name}/`);
      else others.push(entry.isFile() ? name : `${name} (${kindOf(entry)})`);
    }
  } catch (error) {
    throw new ToolError(`${shown} cannot be listed: ${errorText(error)}`);
  }
  const names = [...directories.toSorted(), ...others.toSorted()];
  const more = names.length - SHOWN;
  const lines = names.slice(0, SHOWN);
  if (more > 0)
    lines.push(`(${more}${names.length >= LOOKED_AT ? " or more" : ""} further entries are left out.)`);
  return { text: lines.length === 0 ? "(The directory is empty.)" : lines.join("\n"), entries: names.length };
}

function kindOf(entry: { isSymbolicLink(): boolean; isFIFO(): boolean; isSocket(): boolean }): string {
  if (entry.isSymbolicLink()) return "link";
  if (entry.isFIFO()) return "pipe";
  return entry.isSocket() ? "socket" : "device";
}
