import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, sep } from "node:path";

/** A program file; the three together say whether it is still the one that was asked for its version. */
export type ProgramFile = { path: string; realPath: string; size: number; modifiedMs: number };

/** Finds a program without running it: a name on the search path, or a path. `undefined` when there is no executable file. */
export async function findProgram(name: string, searchPath: string): Promise<ProgramFile | undefined> {
  if (name.includes(sep)) return isAbsolute(name) ? await inspectProgram(name) : undefined;
  for (const directory of searchPath.split(delimiter)) {
    // An empty or relative entry means the working directory of whoever runs us, which is not a place to find programs in.
    const found = isAbsolute(directory) ? await inspectProgram(join(directory, name)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

async function inspectProgram(path: string): Promise<ProgramFile | undefined> {
  try {
    await access(path, constants.X_OK);
    const facts = await stat(path);
    if (!facts.isFile()) return undefined;
    return { path, realPath: await realpath(path), size: facts.size, modifiedMs: facts.mtimeMs };
  } catch {
    return undefined;
  }
}
