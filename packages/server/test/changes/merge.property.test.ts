import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { amount } from "../../../../test/harness/sample.ts";
import { type Files, OWNER, ReviewRoom } from "./review-room.ts";

const by = { actor: OWNER };

/** How many random histories are tried in a run: each is some seconds of git. */
const RUNS = amount(3, 6);
const NAMES = ["a.txt", "b.txt", "d/c.txt", "d/e f.txt"] as const;

/** What one side makes of a file: some of its lines rewritten, taken out or doubled; or the file removed, or made. */
const edit = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      lines: fc.array(fc.tuple(fc.nat(9), fc.constantFrom("x", "", "y\nz")), { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant("gone" as const) },
  { weight: 2, arbitrary: fc.constant("same" as const) },
);
const side = fc.tuple(edit, edit, edit, edit);
type Edit = { lines: [number, string][] } | "gone" | "same";

const BASE = Array.from({ length: 20 }, (_, at) => `line ${at}`);
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

function filesOf(edits: readonly Edit[], mark: string): Files {
  const files: Record<string, string | null> = {};
  edits.forEach((each, at) => {
    const name = NAMES[at] ?? "";
    if (each === "same") return;
    if (each === "gone") files[name] = null;
    else {
      const lines = [...BASE];
      for (const [line, what] of each.lines) lines[line] = what === "" ? `${mark}${line}` : `${mark} ${what}`;
      files[name] = text(lines);
    }
  });
  return files;
}

test("[W-8] an apply is git's merge of baseline, checkout and what was chosen, and an undo is the very beginning", async () => {
  await fc.assert(
    fc.asyncProperty(
      side,
      side,
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      async (user, agent, choice) => {
        const start = Object.fromEntries(NAMES.map((name) => [name, text(BASE)]));
        await using room = await ReviewRoom.open(start);
        const session = await room.inWorktree();
        await room.turn(session, "qwen", filesOf(agent, "agent"));
        await room.write(room.project, filesOf(user, "user"));
        const all = await room.changes();
        const chosen = all.flatMap((change, at) => {
          const hunks = change.hunks
            .filter((_, index) => choice[(at + index) % choice.length])
            .map(({ id }) => id);
          return hunks.length === 0 ? [] : [{ id: change.id, revision: change.revision, hunks }];
        });
        if (chosen.length === 0) return;
        const [files, git] = [await room.picture(), await room.untouched()];
        // The oracle: git's own merge in another clone, from commits of the three.
        const oracle = await mergeByGit(room, chosen);
        const act = room.review.apply(room.workspace.id, { changes: chosen }, by);
        if (oracle === undefined) {
          await expect(act).rejects.toMatchObject({ code: "CHANGES_CONFLICT" });
          expect(await room.picture()).toEqual(files);
          return;
        }
        const { value } = await act;
        expect(await room.picture()).toEqual(oracle);
        await room.review.undo(room.workspace.id, value.operationId, by);
        expect(await room.picture()).toEqual(files);
        expect(await room.untouched()).toEqual(git);
        const facts = (rows: typeof all) =>
          rows.map(({ path, kind, before, after, hunks }) => ({ path, kind, before, after, hunks }));
        expect(facts(await room.changes())).toEqual(facts(all));
      },
    ),
    { numRuns: RUNS, verbose: true },
  );
});

/** The merge of the checkout's state and the chosen hunks over HEAD, by plain git in a clone; `undefined` for a conflict. */
async function mergeByGit(
  room: ReviewRoom,
  chosen: readonly { id: string; hunks: string[] }[],
): Promise<Record<string, string> | undefined> {
  const clone = join(room.root, "oracle");
  room.git(["clone", "-q", room.project, clone]);
  const base = room.git(["rev-parse", "HEAD"], clone);
  const rows = await room.changes();
  for (const { id, hunks } of chosen) {
    const change = rows.find((row) => row.id === id);
    if (change === undefined) throw new Error("no change");
    const after =
      change.after === undefined ? "" : room.git(["cat-file", "blob", change.after.blob], room.directory);
    const next = after === "" ? [] : after.split("\n");
    const before = [...BASE];
    const lines: string[] = [];
    let at = 0;
    for (const hunk of change.hunks) {
      const start = hunk.oldLines === 0 ? hunk.oldStart : hunk.oldStart - 1;
      lines.push(...before.slice(at, start));
      const from = hunk.newLines === 0 ? hunk.newStart : hunk.newStart - 1;
      if (hunks.includes(hunk.id)) lines.push(...next.slice(from, from + hunk.newLines));
      else lines.push(...before.slice(start, start + hunk.oldLines));
      at = start + hunk.oldLines;
    }
    lines.push(...before.slice(at));
    const isGone = change.after === undefined && hunks.length === change.hunks.length;
    await room.write(clone, { [change.path]: isGone ? null : text(lines) });
  }
  room.commit("theirs", clone);
  const theirs = room.git(["rev-parse", "HEAD"], clone);
  room.git(["checkout", "-q", "-b", "ours", base], clone);
  const picture = await room.picture();
  await room.write(clone, Object.fromEntries(NAMES.map((name) => [name, null])));
  await room.write(
    clone,
    Object.fromEntries(Object.entries(picture).map(([name, file]) => [name, file.slice(4)])),
  );
  room.commit("ours", clone);
  try {
    room.git(["-c", "merge.directoryRenames=false", "merge", "-q", "-m", "merged", theirs], clone);
  } catch {
    return undefined;
  }
  return room.picture(clone);
}
