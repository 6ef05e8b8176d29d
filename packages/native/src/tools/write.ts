import { resolve } from "node:path";
import { z } from "zod";
import {
  applyChanges,
  type Change,
  decodeText,
  encodeLike,
  hashOf,
  inTurnOn,
  locate,
  permitChanges,
  plain,
  readBytes,
  refuseStale,
  showChanges,
} from "./files/index.ts";
import { type Tool, ToolError } from "./tool.ts";

const input = z.object({
  path: z.string().describe("A file, absolute or relative to the workspace."),
  content: z.string().describe("All that the file will hold."),
});

export const writeTool: Tool<typeof input> = {
  id: "write",
  kind: "edit",
  description:
    "Makes a file, or replaces all that one holds; directories on the way are made. A file that exists must have been read before. Prefer edit for a change of a part.",
  input,
  title: ({ path }) => `Write ${plain(path)}`,
  locations: ({ path }, { directory }) => [{ path: resolve(directory, path) }],
  async run({ path, content }, context) {
    const place = await locate(context, path);
    const title = `Write ${place.shown}`;
    return inTurnOn([place.path], async () => {
      const before = await readBytes(place);
      if (before !== undefined) refuseStale(context, place, hashOf(before), { mustKnow: true });
      const known = before === undefined ? undefined : decodeText(before);
      const after = encodeLike(content, known?.form ?? { bom: false, eol: "\n" });
      if (before?.equals(after) === true) throw new ToolError(`${place.shown} holds exactly this already.`);
      const change: Change = { place, kind: "edit", ...(before === undefined ? {} : { before }), after };
      showChanges(context, [change]);
      await permitChanges(context, title, [change]);
      const seen = await applyChanges(context, [change]);
      const lines = content.split("\n").length - (content.endsWith("\n") ? 1 : 0);
      const what = before === undefined ? "made" : "replaced";
      return { title, output: `${place.shown} was ${what}: ${lines} lines.`, metadata: { seen } };
    });
  },
};
