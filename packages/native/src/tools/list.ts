import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { listingOf, locate, permitReach, plain } from "./files/index.ts";
import { type Tool, ToolError } from "./tool.ts";

const input = z.object({
  path: z
    .string()
    .optional()
    .describe("A directory, absolute or relative to the workspace, which it is by default."),
});

export const listTool: Tool<typeof input> = {
  id: "list",
  kind: "search",
  description:
    "Lists the names in one directory, with a slash behind directories. To find files by name, use glob.",
  input,
  title: ({ path }) => `List ${path === undefined ? "the workspace" : plain(path)}`,
  locations: ({ path = "." }, { directory }) => [{ path: resolve(directory, path) }],
  async run({ path = "." }, context) {
    const place = await locate(context, path);
    const title = `List ${place.shown}`;
    await permitReach(context, place, { title });
    const found = await stat(place.path).catch(() => undefined);
    if (found === undefined) throw new ToolError(`${place.shown} does not exist.`);
    if (!found.isDirectory())
      throw new ToolError(`${place.shown} is no directory. To see what it holds, use read.`);
    const { text, entries } = await listingOf(place);
    return { title, output: text, metadata: { entries } };
  },
};
