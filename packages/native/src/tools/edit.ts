import { resolve } from "node:path";
import { z } from "zod";
import {
  applyChanges,
  type Change,
  decodeText,
  encodeText,
  hashOf,
  inTurnOn,
  locate,
  permitChanges,
  plain,
  readBytes,
  refuseStale,
  showChanges,
} from "./files/index.ts";
import { replaceIn } from "./text-edit/index.ts";
import { type Tool, ToolError } from "./tool.ts";

const input = z.object({
  path: z.string().describe("A file, absolute or relative to the workspace."),
  oldString: z.string().describe("The text that is replaced: exactly as it stands, without line numbers."),
  newString: z.string().describe("What stands there then."),
  replaceAll: z.boolean().optional().describe("Replace every place, not the only one."),
});

export const editTool: Tool<typeof input> = {
  id: "edit",
  kind: "edit",
  description:
    "Replaces a piece of a text file. oldString must be in the file once, or replaceAll be set; quote enough lines around the change to make it so.",
  input,
  title: ({ path }) => `Edit ${plain(path)}`,
  locations: ({ path }, { directory }) => [{ path: resolve(directory, path) }],
  async run({ path, oldString, newString, replaceAll = false }, context) {
    const place = await locate(context, path);
    const title = `Edit ${place.shown}`;
    return inTurnOn([place.path], async () => {
      const before = await readBytes(place);
      if (before === undefined)
        throw new ToolError(`${place.shown} does not exist. To make a file, use write.`);
      refuseStale(context, place, hashOf(before), { mustKnow: false });
      const known = decodeText(before);
      if (known === undefined)
        throw new ToolError(`${place.shown} is no text in UTF-8, and cannot be edited.`);
      const { text, form } = known;
      const replaced = replaceIn(text, { old: oldString, next: newString, all: replaceAll, eol: form.eol });
      if ("problem" in replaced) throw new ToolError(`${place.shown}: ${replaced.problem}`);
      const change: Change = { place, kind: "edit", before, after: encodeText(replaced.text, form) };
      showChanges(context, [change]);
      await permitChanges(context, title, [change]);
      const seen = await applyChanges(context, [change]);
      const { count, isExact } = replaced;
      const places = count === 1 ? "one place" : `${count} places`;
      const how = isExact ? "" : " The place differed from oldString in white space; its own was kept.";
      return { title, output: `${place.shown} was changed at ${places}.${how}`, metadata: { seen, count } };
    });
  },
};
