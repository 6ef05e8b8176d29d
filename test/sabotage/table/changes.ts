import type { Catcher, Sabotage } from "../sabotage.ts";

const ROOM = "packages/server/src/changes/review";

const beside = (name: string, title: string): Catcher => ({ file: `${ROOM}/${name}.test.ts`, title });
const onFiles = (name: string, title: string): Catcher => ({
  file: `packages/server/test/changes/${name}.test.ts`,
  title,
});

/** What reviews do to files of people (W-6 to W-9). */
export const CHANGES: readonly Sabotage[] = [
  {
    name: "neither-is-old",
    rules: ["W-8"],
    breaks: "writes over a file that is neither what it was nor what it was to become",
    file: `${ROOM}/write-files.ts`,
    edits: [{ find: 'return "neither";', replace: 'return "old";' }],
    catchers: [beside("write-files", "[W-8] a file that is neither old nor new")],
  },
  {
    name: "saved-meanwhile",
    rules: ["W-8"],
    breaks: "writes over what an editor saved right before",
    file: `${ROOM}/write-files.ts`,
    edits: [
      {
        find: "if ((await checkout.identity(file.key)) !== seen.identities.get(file.key))",
        replace: "if ((await checkout.identity(file.key)) === undefined)",
      },
    ],
    catchers: [beside("write-files", "[W-8] a file that somebody saves between")],
  },
  {
    name: "written-and-believed",
    rules: ["W-8"],
    breaks: "believes what it has written without a look",
    file: `${ROOM}/write-files.ts`,
    edits: [
      {
        find: "const moved = group.filter((file) => !matches(file.new, found.get(file.key)));",
        replace: "const moved: PlannedFile[] = [];",
      },
    ],
    catchers: [beside("write-files", "[W-8] what is written is looked at again")],
  },
  {
    name: "revision-not-compared",
    rules: ["W-6"],
    breaks: "takes over what nobody reviewed, because the change had moved on",
    file: `${ROOM}/selection.ts`,
    edits: [{ find: "revision !== undefined && revision !== change.revision", replace: "false" }],
    catchers: [beside("selection", "[W-6] a revision or a hunk that moved is stale")],
  },
  {
    name: "files-not-looked-at",
    rules: ["W-6", "W-7"],
    breaks: "decides about the last snapshot although the files have moved on",
    file: `${ROOM}/prepare-decision.ts`,
    edits: [{ find: "await deps.watch.refresh(id);", replace: "" }],
    catchers: [onFiles("apply", "[W-6] files that changed since the review are stale")],
  },
  {
    name: "baseline-is-the-whole-result",
    rules: ["W-9"],
    breaks: "forgets what was left over: the new baseline is the agent's whole snapshot",
    file: `${ROOM}/prepare-decision.ts`,
    edits: [
      {
        find: "await repo.editTree(watched.baseline, editsOf(decided.entries))",
        replace: "await repo.editTree(watched.newest, editsOf(decided.entries))",
      },
    ],
    catchers: [onFiles("apply", "[W-6, W-9] a part is applied")],
  },
  {
    name: "base-not-asked",
    rules: ["W-8"],
    breaks: "applies onto a history that has nothing to do with the worktree",
    file: `${ROOM}/prepare-decision.ts`,
    edits: [{ find: 'if (request.onto !== "current" && ', replace: 'if (request.onto === "current" && ' }],
    catchers: [onFiles("apply", "[W-8] a HEAD without the base commit")],
  },
  {
    name: "half-left-behind",
    rules: ["W-8"],
    breaks: "leaves the files that were written before one that could not be",
    file: `${ROOM}/carry-out.ts`,
    edits: [
      {
        find: "const left = await backward(repo.checkout, plan.files);",
        replace: "const left: string[] = await Promise.resolve([]);",
      },
    ],
    catchers: [onFiles("apply", "[W-8] directories and symbolic links in the way")],
  },
  {
    name: "plan-not-durable",
    rules: ["W-8", "W-9"],
    breaks: "touches files before the plan of it is stored",
    file: `${ROOM}/carry-out.ts`,
    edits: [
      {
        find: 'await held.advance({ stage: "planned", undoes: held.data.undoes, plan });',
        replace: "await held.advance(held.data);",
      },
    ],
    catchers: [onFiles("crash", "[W-8] after a crash a file that is neither")],
  },
  {
    name: "later-decision-lost",
    rules: ["W-7"],
    breaks: "an undo takes back what was decided about the file later, too",
    file: `${ROOM}/trees.ts`,
    edits: [
      {
        find: "entries.filter(({ key, old }) => !sameVersion(there.get(key), old));",
        replace: "entries.filter(({ key }) => there.has(`${key}/`));",
      },
    ],
    catchers: [onFiles("reject", "[W-7] what was decided later about the same file")],
  },
  {
    name: "undo-converts-bytes",
    rules: ["W-3", "W-8"],
    breaks: "an undo brings back what a checkout would write, not what was there",
    file: `${ROOM}/plan.ts`,
    edits: [
      {
        find: "        new: old,\n      }))",
        replace: "        new: old && { version: old.version },\n      }))",
      },
    ],
    catchers: [onFiles("undo", "[W-8] an undo brings line ends")],
  },
  {
    name: "nobody-is-told",
    rules: ["W-6"],
    breaks: "rejects without a word to the agent, which does it again",
    file: `${ROOM}/prepare-decision.ts`,
    edits: [{ find: 'notes: decision === "reject" ? notesFor(chosen) : [],', replace: "notes: []," }],
    catchers: [onFiles("reject", "[W-6] rejecting writes back in the worktree")],
  },
  {
    name: "applied-comes-back",
    rules: ["W-9"],
    breaks: "what was applied to a watched directory is pending there again",
    file: `${ROOM}/project-trees.ts`,
    edits: [
      {
        find: "if (settled.length === 0) return nothing;",
        replace: "if (settled.length >= 0) return nothing;",
      },
    ],
    catchers: [onFiles("apply", "[W-9] what was applied to a watched project directory")],
  },
  {
    name: "undone-is-a-result",
    rules: ["D-5"],
    breaks: "a repeated request gets the failure of the first one for ever",
    file: "packages/server/src/store/sqlite/commands/operation.ts",
    edits: [
      { find: 'if (first.state !== "undone") return', replace: 'if (first.state !== "running") return' },
    ],
    catchers: [onFiles("apply", "[D-5] a refused apply can be tried again")],
  },
];
