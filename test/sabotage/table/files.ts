import type { Sabotage } from "../sabotage.ts";
import { contract, ENGINE } from "./engine.ts";

/** What the store keeps of work on files: worktrees, operations, changes, notes, snapshots. */
export const FILES: readonly Sabotage[] = [
  {
    name: "operation-lease-ignored",
    rules: ["A-14", "W-9"],
    breaks: "turns and operations start in a workspace whose files an operation is writing",
    file: `${ENGINE}/workspace-lease.ts`,
    edits: [
      {
        find: "(t.state IN ('running', 'finalizing') OR o.state = 'running')",
        replace: "t.state IN ('running', 'finalizing')",
      },
    ],
    catchers: [contract("operations", "[W-9, A-14] an operation keeps turns out of its workspace")],
  },
  {
    name: "operation-lease-kept",
    rules: ["W-9"],
    breaks: "an operation that has ended keeps its row in the table of leases",
    file: `${ENGINE}/commands/operation.ts`,
    edits: [
      {
        find: "if (changed === 1) releaseOperation(write, row.rid);",
        replace: "releaseOperation(write, -row.rid);",
      },
    ],
    catchers: [contract("operations", "[W-9, A-14] an operation keeps turns out of its workspace")],
  },
  {
    name: "shared-operation-lease",
    rules: ["A-14"],
    breaks: "a shared workspace lets turns write while an operation verifies what it wrote",
    file: `${ENGINE}/workspace-lease.ts`,
    edits: [{ find: "if (holder?.session === null) throw busy(place, holder);", replace: "" }],
    catchers: [contract("operations", "[A-14] an operation keeps turns out of a shared workspace")],
  },
  {
    name: "plan-after-the-end",
    rules: ["W-9"],
    breaks: "a late step moves a worktree whose operation recovery has finished",
    file: `${ENGINE}/commands/worktree.ts`,
    edits: [{ find: 'if (row.state !== "running") throw hasEnded(row);', replace: "" }],
    catchers: [contract("worktrees", "[W-9] a step of an operation and what it did")],
  },
  {
    name: "made-worktree-dropped",
    rules: ["W-2"],
    breaks: "a late clean-up of a creation takes a worktree that was made",
    file: `${ENGINE}/commands/worktree.ts`,
    edits: [
      { find: 'row.state !== "creating" || operation.state !== "running" ||', replace: "" },
      { find: 'finishOperation(write, operation, "undone");', replace: "" },
    ],
    catchers: [
      contract("worktrees", "[W-2] a worktree that somebody works in, or that was made, is not dropped"),
    ],
  },
  {
    name: "revision-unchecked",
    rules: ["W-4", "W-6"],
    breaks: "what was written from an older revision of a change replaces the newer one",
    file: `${ENGINE}/commands/change.ts`,
    edits: [{ find: "change.revision !== revision)", replace: "change.revision > revision)" }],
    catchers: [contract("changes", "[W-4] a revision moves by one")],
  },
  {
    name: "review-ended-twice",
    rules: ["W-9"],
    breaks: "a recovered review writes rows and notes again",
    file: `${ENGINE}/commands/change.ts`,
    edits: [{ find: 'if (operation.state !== "running") return;', replace: "" }],
    catchers: [contract("reviews", "[W-9] the end of a review is one")],
  },
  {
    name: "end-of-change-untold",
    rules: ["W-4"],
    breaks: "a change that is gone is never told to be gone",
    file: `${ENGINE}/commands/change.ts`,
    edits: [
      {
        find: "announceEndedChange(write, row, state, actor);",
        replace:
          'announceEndedChange(write, row, state, actor);\n  write.run("DELETE FROM event WHERE position = (SELECT max(position) FROM event)");',
      },
    ],
    catchers: [contract("changes", "[W-4] a path is free again")],
  },
  {
    name: "notes-repeated",
    rules: ["W-6"],
    breaks: "tells every turn again what was rejected",
    file: `${ENGINE}/commands/note.ts`,
    edits: [{ find: "WHERE session = ? AND turn_id IS NULL", replace: "WHERE session = ?" }],
    catchers: [contract("reviews", "[W-6] a session's agent is told once")],
  },
  {
    name: "notes-unfenced",
    rules: ["D-17", "W-6"],
    breaks: "an owner that lost its claim takes the notes, and nobody is told",
    file: `${ENGINE}/commands/note.ts`,
    edits: [
      {
        find: "ownedSession(write, sessionId, epoch)",
        replace:
          'ownedSession(write, sessionId, write.get<{ epoch: number }>("SELECT epoch FROM session WHERE id = ?", sessionId)?.epoch ?? epoch)',
      },
    ],
    catchers: [contract("reviews", "[W-6, D-17] who lost the claim takes no notes")],
  },
  {
    name: "snapshot-of-an-undo-forgotten",
    rules: ["W-3"],
    breaks: "a ref goes although an operation that can be undone, or is at work, names it",
    file: `${ENGINE}/queries/change.ts`,
    edits: [
      {
        find: "AND NOT EXISTS (SELECT 1 FROM operation o WHERE (",
        replace: "AND NOT EXISTS (SELECT 1 FROM operation o WHERE 0 AND (",
      },
    ],
    catchers: [contract("reviews", "[W-3] a snapshot is unneeded when")],
  },
  {
    name: "snapshot-of-a-change-forgotten",
    rules: ["W-3", "W-4"],
    breaks: "a ref goes although a pending change has a contribution from it",
    file: `${ENGINE}/queries/change.ts`,
    edits: [{ find: "s.commit_id NOT IN (SELECT", replace: "'' NOT IN (SELECT" }],
    catchers: [contract("reviews", "[W-3] a snapshot is unneeded when")],
  },
];
