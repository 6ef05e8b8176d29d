import { lstat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { locate, permitReach, plain } from "./files/index.ts";
import { listFiles } from "./search/index.ts";
import { matchNames } from "./thread/index.ts";
import { type Tool, ToolError } from "./tool.ts";

/** Files that are given: those that were changed last. More than `LOOKED_AT` are not put in order of time. */
const GIVEN = 200;
const LOOKED_AT = 5_000;

const input = z.object({
  pattern: z
    .string()
    .min(1)
    .max(1_000)
    .describe("A glob as src/**/*.ts; without a slash it is looked for in every directory."),
  path: z.string().optional().describe("Where to look; the workspace by default."),
});

export const globTool: Tool<typeof input> = {
  id: "glob",
  kind: "search",
  description: "Finds files by a glob, those changed last first. What git ignores is left out.",
  input,
  title: ({ pattern }) => `Find ${plain(pattern)}`,
  locations: ({ path = "." }, { directory }) => [{ path: resolve(directory, path) }],
  async run({ pattern, path = "." }, context) {
    const place = await locate(context, path);
    const title = `Find ${plain(pattern)}`;
    await permitReach(context, place, { title: `${title} in ${place.shown}` });
    const found = await lstat(place.path).catch(() => undefined);
    if (found?.isDirectory() !== true) throw new ToolError(`${place.shown} is no directory.`);
    const { files, isCut } = await listFiles(place.path, context);
    const names = await matchNames({ names: files, glob: pattern }, context);
    const times = await Promise.all(
      names
        .slice(0, LOOKED_AT)
        .map(async (name) => ({ name, time: await changedAt(join(place.path, name)) })),
    );
    const there = times
      .filter(({ time }) => time !== undefined)
      .toSorted((a, b) => (b.time ?? 0) - (a.time ?? 0));
    const shown = there.slice(0, GIVEN).map(({ name }) => plain(join(place.shown, name)));
    const more = names.length - Math.min(names.length, LOOKED_AT) + there.length - shown.length;
    if (more > 0) shown.push(`(${more} more. Use a narrower pattern or path.)`);
    if (isCut) shown.push("(There are more files than are looked at. Use a narrower path.)");
    return {
      title,
      output: shown.length === 0 ? "No file matches." : shown.join("\n"),
      metadata: { count: there.length },
    };
  },
};

/** Undefined for what is no file, or gone: git lists what it tracks. */
async function changedAt(path: string): Promise<number | undefined> {
  const found = await lstat(path).catch(() => undefined);
  return found === undefined || found.isDirectory() ? undefined : found.mtimeMs;
}
