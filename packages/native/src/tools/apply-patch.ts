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
  type Place,
  readBytes,
  refuseStale,
  showChanges,
} from "./files/index.ts";
import { applyHunks, parsePatch, type PatchStep } from "./text-edit/index.ts";
import { type Tool, type ToolContext, ToolError } from "./tool.ts";

const input = z.object({
  patch: z.string().describe('The patch, from "*** Begin Patch" to "*** End Patch".'),
});

export const applyPatchTool: Tool<typeof input> = {
  id: "apply_patch",
  kind: "edit",
  description: `Changes several files at once: all of them, or none. The form:
*** Begin Patch
*** Add File: path
+each line of the new file
*** Update File: path
*** Move to: path (only to move it, too)
@@ a line above the change, where that helps to find it
 a line that stays
-a line that goes
+a line that comes
*** Delete File: path
*** End Patch`,
  input,
  title: () => "Apply a patch",
  locations: ({ patch }, { directory }) => {
    const steps = parsePatch(patch);
    if ("problem" in steps) return [];
    return steps.map(({ path }) => ({ path: resolve(directory, path) }));
  },
  async run({ patch }, context) {
    const steps = parsePatch(patch);
    if ("problem" in steps) throw new ToolError(steps.problem);
    const places = await placesOf(steps, context);
    return inTurnOn([...places.values()].map(({ path }) => path).toSorted(), async () => {
      const made = await madeOf(steps, places, context);
      const changes = made.flatMap((each) => each.changes);
      const title =
        changes.length === 1 ? `Patch ${changes[0]?.place.shown}` : `Patch ${changes.length} files`;
      showChanges(context, changes);
      await permitChanges(context, title, changes);
      const seen = await applyChanges(context, changes);
      return { title, output: made.map((each) => each.told).join("\n"), metadata: { seen } };
    });
  },
};

/** Every file that the patch names, by the name it has there. Rejects where two names are one file. */
async function placesOf(
  steps: readonly PatchStep[],
  context: Pick<ToolContext, "directory">,
): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  const named = steps.flatMap((step) =>
    step.type === "update" && step.moveTo !== undefined ? [step.path, step.moveTo] : [step.path],
  );
  const paths = new Set<string>();
  for (const name of named) {
    const place = await locate(context, name);
    if (paths.has(place.path))
      throw new ToolError(`The patch names ${place.shown} twice. Put its hunks together.`);
    paths.add(place.path);
    places.set(name, place);
  }
  return places;
}

type Made = { changes: Change[]; told: string };

/** Bytes of all files of a patch, as they are and as they will be. */
const MAX_PATCH_BYTES = 64 * 1024 * 1024;

async function madeOf(
  steps: readonly PatchStep[],
  places: ReadonlyMap<string, Place>,
  context: ToolContext,
): Promise<Made[]> {
  const made: Made[] = [];
  let bytes = 0;
  for (const step of steps) {
    const one = await changesOf(step, places, context);
    for (const { before, after } of one.changes) bytes += (before?.length ?? 0) + (after?.length ?? 0);
    if (bytes > MAX_PATCH_BYTES)
      throw new ToolError(
        `The files of the patch have more than ${MAX_PATCH_BYTES} bytes together: make several of it.`,
      );
    made.push(one);
  }
  return made;
}

async function changesOf(
  step: PatchStep,
  places: ReadonlyMap<string, Place>,
  context: ToolContext,
): Promise<Made> {
  const place = places.get(step.path) as Place;
  const before = await readBytes(place);
  if (step.type === "add") {
    if (before !== undefined)
      throw new ToolError(`${place.shown} exists already: update it, or delete it first.`);
    return {
      changes: [{ place, kind: "edit", after: Buffer.from(step.text) }],
      told: `${place.shown} was made.`,
    };
  }
  if (before === undefined) throw new ToolError(`${place.shown} does not exist.`);
  refuseStale(context, place, hashOf(before), { mustKnow: false });
  if (step.type === "delete")
    return { changes: [{ place, kind: "delete", before }], told: `${place.shown} was deleted.` };
  const after = patched(step, place, before);
  if (step.moveTo === undefined)
    return { changes: [{ place, kind: "edit", before, after }], told: `${place.shown} was changed.` };
  const target = places.get(step.moveTo) as Place;
  if ((await readBytes(target)) !== undefined)
    throw new ToolError(`${target.shown} exists already: nothing is moved over it.`);
  return {
    changes: [
      { place: target, kind: "move", after, modeOf: place.path },
      { place, kind: "move", before },
    ],
    told: `${place.shown} was moved to ${target.shown}${step.hunks.length === 0 ? "" : " and changed"}.`,
  };
}

function patched(step: Extract<PatchStep, { type: "update" }>, place: Place, before: Buffer): Buffer {
  if (step.hunks.length === 0) return before;
  const known = decodeText(before);
  if (known === undefined) throw new ToolError(`${place.shown} is no text in UTF-8, and cannot be patched.`);
  const result = applyHunks(known.text, step.hunks, known.form.eol);
  if ("problem" in result) throw new ToolError(`${place.shown}: ${result.problem}`);
  return encodeText(result.text, known.form);
}
