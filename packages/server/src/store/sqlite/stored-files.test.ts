import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ChangeId, OperationId, ProjectId, TurnId, WorkspaceId, WorktreeId } from "@holdfast/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Store } from "../port.ts";
import { DATABASE_FILE, openSqliteStore } from "./index.ts";

/** Rows of work on files as version 1 wrote them, word for word. They are never edited (D-36). */
const VERSION_1 = `
INSERT INTO actor (rid, id, kind, label) VALUES (1, 'owner', 'owner', 'Owner');
INSERT INTO project (rid, id, directory, name, worktree, actor, time_created) VALUES (1, 'prj_v1', '/p', 'p', '{"copy":[".env"]}', 1, 1);
INSERT INTO workspace (rid, id, project, kind, directory, tracking, actor, time_created)
  VALUES (1, 'wsp_v1', 1, 'worktree', '/w/sub', '{"state":"on","uncaptured":[],"uncapturedCount":0,"baseline":"b1","newest":"n1"}', 1, 1);
INSERT INTO worktree (rid, id, project, workspace, path, branch, base_commit, base_tree, repository, state, owner, rescue, size, note, time_created,
  time_updated, time_archived) VALUES (1, 'wkt_v1', 1, 1, '/w', 'holdfast/w', 'c0', 't0', '/p/.git', 'archived', 1,
  '{"ref":"refs/holdfast/rescue/w/1","commit":"c1","expires":9}', 7, 'kept', 1, 3, 2);
INSERT INTO operation (rid, id, kind, state, workspace_id, worktree_id, actor, time_created, time_ended, data)
  VALUES (1, 'opr_v1', 'archive', 'done', 'wsp_v1', 'wkt_v1', 1, 2, 3, '{"step":"archived"}');
INSERT INTO change (rid, id, workspace, key, state, revision, reviewed, time_created, time_updated, contributions, data, schema_version)
  VALUES (1, 'chg_v1', 1, 'a', 'conflict', 2, 1, 1, 2,
  '[{"agent":"rehearsal","sessionId":"ses_gone","turnId":"trn_gone","before":"s0","after":"s1","hunks":["h"],"time":1}]',
  '{"path":"a","kind":"modified","agent":"rehearsal","sessionId":"ses_gone","turnId":"trn_gone","hunks":[{"id":"h","oldStart":1,"oldLines":1,"newStart":1,"newLines":2,"origins":[{"agent":"rehearsal"}]}],"before":{"blob":"1","mode":"100644"},"after":{"blob":"2","mode":"100644"},"binary":false,"additions":2,"deletions":1}',
  1);
INSERT INTO snapshot (rid, ref, workspace, session_id, turn_id, commit_id, tree, time)
  VALUES (1, 'refs/holdfast/snap/ses_gone/trn_gone/after', 1, 'ses_gone', 'trn_gone', 's1', 'n1', 1);
INSERT INTO worktree_audit (rid, worktree_id, path, action, reason, actor, time) VALUES (1, 'wkt_v1', '/w', 'kept', 'used', 1, 2);
`;

let directory: string;
let store: Store;
const OWNER = { id: "owner", kind: "owner", label: "Owner" };

const change = (sql: string) => {
  const database = new DatabaseSync(join(directory, DATABASE_FILE));
  database.exec(sql);
  database.close();
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-stored-files-"));
  await (await openSqliteStore({ directory, synchronous: "OFF" })).close();
  change(VERSION_1);
  store = await openSqliteStore({ directory, synchronous: "OFF" });
});

afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

test("[D-36] worktrees, operations, changes and snapshots stored by version 1 are read back", async () => {
  const workspaceId = "wsp_v1" as WorkspaceId;
  expect(await store.getProject("prj_v1" as ProjectId)).toMatchObject({ worktree: { copy: [".env"] } });
  expect(await store.getWorkspace(workspaceId)).toMatchObject({ kind: "worktree", worktreeId: "wkt_v1" });
  expect(await store.getTracking(workspaceId)).toMatchObject({ baseline: "b1", newest: "n1" });
  expect(await store.getWorktree("wkt_v1" as WorktreeId)).toEqual({
    id: "wkt_v1",
    projectId: "prj_v1",
    workspaceId,
    path: "/w",
    branch: "holdfast/w",
    baseCommit: "c0",
    baseTree: "t0",
    repository: "/p/.git",
    state: "archived",
    owner: OWNER,
    rescue: { ref: "refs/holdfast/rescue/w/1", commit: "c1", expires: 9 },
    size: 7,
    note: "kept",
    time: { created: 1, updated: 3, archived: 2 },
  });
  expect(await store.getOperation("opr_v1" as OperationId)).toEqual({
    id: "opr_v1",
    kind: "archive",
    state: "done",
    owner: { isAlive: false },
    epoch: 1,
    leases: [],
    workspaceId,
    worktreeId: "wkt_v1",
    data: { step: "archived" },
    actor: OWNER,
    time: { created: 2, ended: 3 },
  });
  const of = { agent: "rehearsal", sessionId: "ses_gone", turnId: "trn_gone" };
  expect(await store.getChange("chg_v1" as ChangeId)).toEqual({
    ...of,
    id: "chg_v1",
    workspaceId,
    key: "a",
    path: "a",
    kind: "modified",
    action: "apply",
    revision: 2,
    state: "conflict",
    contributions: [{ ...of, before: "s0", after: "s1", hunks: ["h"], time: 1 }],
    hunks: [
      { id: "h", oldStart: 1, oldLines: 1, newStart: 1, newLines: 2, origins: [{ agent: "rehearsal" }] },
    ],
    before: { blob: "1", mode: "100644" },
    after: { blob: "2", mode: "100644" },
    binary: false,
    additions: 2,
    deletions: 1,
    reviewed: 1,
    staged: false,
    time: { created: 1, updated: 2 },
  });
  const ref = "refs/holdfast/snap/ses_gone/trn_gone/after";
  expect(await store.turnSnapshots("trn_gone" as TurnId)).toEqual([
    { ref, workspaceId, sessionId: "ses_gone", turnId: "trn_gone", commit: "s1", tree: "n1", time: 1 },
  ]);
  expect(await store.listWorktreeAudit({ limit: 5 })).toEqual([
    { worktreeId: "wkt_v1", path: "/w", action: "kept", reason: "used", actor: OWNER, time: 2 },
  ]);
  const { drift, foreignKeys } = await store.inspect();
  expect({ drift, foreignKeys }).toEqual({ drift: [], foreignKeys: [] });
});

test.for([
  [
    "a lease of an ended operation",
    "INSERT INTO workspace_lease (workspace, operation) VALUES (1, 1)",
    "wsp_v1: write lease of an operation",
  ],
  [
    "a worktree in a project's own directory",
    "UPDATE workspace SET kind = 'directory'",
    "wsp_v1: workspace without its",
  ],
  [
    "a removal that nobody is at work on",
    "UPDATE worktree SET state = 'removing'",
    "wkt_v1: worktree whose creation or",
  ],
  [
    "a change whose event is gone",
    "UPDATE change SET event_position = 9",
    "chg_v1: row of no session without its event",
  ],
] as const)("[D-38] doctor finds %s", async ([, sql, found]) => {
  change(sql);
  const { drift } = await store.inspect();
  expect(drift).toHaveLength(1);
  expect(drift[0]).toContain(found);
});

test.for([
  [
    "two holders",
    "INSERT INTO workspace_lease (workspace, operation, instance, epoch) VALUES (1, 1, 'ins', 1)",
  ],
  ["no holder", "INSERT INTO workspace_lease (workspace) VALUES (1)"],
] as const)("[A-14] the table refuses a lease with %s", ([, sql]) => {
  expect(() => change(sql)).toThrow("CHECK constraint failed");
});
