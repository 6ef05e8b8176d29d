/** The whole way of a change under a user's settings that change what git says and does (W-14). */
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Change } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { sampleOf } from "../harness/sample.ts";
import { ask, git, makeRepository, newSession } from "./git-scene.ts";

/** Each is a value that git takes, and that would change or stop something that is read or written by the program. */
const HOSTILE: Readonly<Record<string, string>> = {
  "add.ignoreErrors": "true",
  "apply.ignoreWhitespace": "change",
  "apply.whitespace": "error-all",
  "color.branch": "always",
  "color.diff": "always",
  "color.status": "always",
  "color.ui": "always",
  "column.ui": "always",
  "commit.gpgSign": "true",
  "core.abbrev": "4",
  "core.bigFileThreshold": "1",
  "core.fsmonitor": "/no/such/program",
  "core.hooksPath": "/no/such/hooks",
  "core.ignoreStat": "true",
  "core.pager": "false",
  "core.preferSymlinkRefs": "true",
  "core.quotePath": "true",
  "core.safecrlf": "true",
  "diff.algorithm": "minimal",
  "diff.context": "0",
  "diff.default.binary": "true",
  "diff.external": "false",
  "diff.ignoreSubmodules": "all",
  "diff.indentHeuristic": "false",
  "diff.interHunkContext": "50",
  "diff.mnemonicPrefix": "true",
  "diff.noprefix": "true",
  "diff.orderFile": "/no/such/order",
  "diff.relative": "true",
  "diff.renameLimit": "1",
  "diff.renames": "copies",
  "diff.submodule": "log",
  "diff.suppressBlankEmpty": "true",
  "diff.wsErrorHighlight": "all",
  "diff.x.binary": "false",
  "diff.x.command": "false",
  "diff.x.textconv": "false",
  "feature.experimental": "true",
  "feature.manyFiles": "true",
  "fetch.prune": "true",
  "fetch.pruneTags": "true",
  "format.pretty": "oneline",
  "gpg.program": "/no/such/gpg",
  "i18n.commitEncoding": "UTF-16",
  "i18n.logOutputEncoding": "UTF-16",
  "init.defaultObjectFormat": "sha256",
  "log.date": "relative",
  "log.showSignature": "true",
  "merge.conflictStyle": "diff3",
  "merge.default": "binary",
  "merge.directoryRenames": "true",
  "merge.renames": "false",
  "merge.renormalize": "true",
  "merge.verbosity": "0",
  "pager.status": "true",
  "protocol.allow": "never",
  "protocol.file.allow": "never",
  "safe.bareRepository": "explicit",
  "sparse.expectFilesOutsideOfPatterns": "true",
  "status.branch": "true",
  "status.displayCommentPrefix": "true",
  "status.relativePaths": "true",
  "status.renames": "copies",
  "status.short": "true",
  "status.showStash": "true",
  "status.showUntrackedFiles": "no",
  "status.submoduleSummary": "true",
  "submodule.recurse": "true",
  "transfer.hideRefs": "refs/holdfast",
  "uploadpack.hideRefs": "refs/holdfast",
  "user.useConfigOnly": "true",
  "worktree.useRelativePaths": "true",
};

const lines = (...at: readonly [number, string][]): string =>
  Array.from({ length: 30 }, (_, index) => `${at.find(([n]) => n === index + 1)?.[1] ?? index + 1}\n`).join(
    "",
  );

const changesOf = async ({ client }: HoldfastProcess, workspaceId: string): Promise<Change[]> => {
  const { items, tracking } = await client.listChanges(workspaceId, { refresh: true });
  expect(tracking).toMatchObject({ state: "on" });
  return items.toSorted((one, other) => (one.path < other.path ? -1 : 1));
};
const hunksOf = (change: Change | undefined) => change?.hunks.map(({ oldStart }) => oldStart);

function setAll(file: string): void {
  for (const [name, value] of Object.entries(HOSTILE))
    execFileSync("git", ["config", "-f", file, name, value]);
}

test.each(sampleOf(["the user's", "the repository's"], 1))(
  "[W-14, W-3, W-6, W-7, W-10] changes are tracked, listed, applied, rejected, undone and rescued under %s settings",
  async (whose) => {
    await using root = await temporaryDirectory("git-settings");
    const project = join(root.path, "project");
    await makeRepository(project, { "a.txt": lines(), "ä b.txt": lines(), ".gitattributes": "*.x diff=x\n" });
    await using server = await startHoldfast({ root: root.path });
    setAll(whose === "the user's" ? join(root.path, "home", ".gitconfig") : join(project, ".git", "config"));
    const { client } = server;

    const session = await newSession(server, project, { worktree: true });
    const { workspaceId, directory } = session;
    const turn = await ask(
      server,
      session.id,
      "BASH sed -i 's/^3$/three/; s/^20$/twenty/' a.txt; git -c core.fsmonitor= mv 'ä b.txt' moved.txt",
      "WRITE new.txt mine",
      "BASH printf 'one\\ntwo\\n' > c.x",
    );
    expect(turn.state).toBe("completed");
    const all = await changesOf(server, workspaceId);
    expect(all.map(({ path, kind }) => [path, kind])).toEqual([
      ["a.txt", "modified"],
      ["c.x", "added"],
      ["moved.txt", "renamed"],
      ["new.txt", "added"],
    ]);
    const [a, x, , fresh] = all;
    if (a === undefined || fresh === undefined) throw new Error("A change is missing.");
    expect([hunksOf(a), hunksOf(x)?.length]).toEqual([[3, 20], 1]);
    expect(a.patch).toContain("--- a/a.txt\n+++ b/a.txt\n@@ -1,6 +1,6 @@");
    expect(a.hunks.every(({ origins }) => origins[0]?.agent === "rehearsal")).toBe(true);

    // The user's own edit is merged with what is applied.
    await writeFile(join(project, "a.txt"), lines([28, "by the user"]));
    const apply = { changes: [{ id: a.id, revision: a.revision, hunks: [a.hunks[0]?.id ?? ""] }] };
    const applied = await client.applyChanges(workspaceId, apply);
    expect(await readFile(join(project, "a.txt"), "utf8")).toBe(lines([3, "three"], [28, "by the user"]));
    await client.undoChanges(workspaceId, applied.operationId);
    expect(await readFile(join(project, "a.txt"), "utf8")).toBe(lines([28, "by the user"]));
    await client.rejectChanges(workspaceId, { changes: [{ id: fresh.id, revision: fresh.revision }] });
    expect((await changesOf(server, workspaceId)).map(({ path }) => path)).toEqual([
      "a.txt",
      "c.x",
      "moved.txt",
    ]);

    const { worktreeId } = await worktreeOf(server, workspaceId);
    expect((await client.worktreeRisk(worktreeId)).risks.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["uncommitted", "untracked"]),
    );
    const before = await readFile(join(directory, "a.txt"), "utf8");
    await client.deleteWorktree(worktreeId, { discard: true });
    await client.restoreWorktree(worktreeId, { from: "rescue" });
    expect(await readFile(join(directory, "a.txt"), "utf8")).toBe(before);
    expect(await readFile(join(directory, "c.x"), "utf8")).toBe("one\ntwo\n");

    // A directory without git becomes a repository: what was kept aside comes along.
    const plain = await newSession(server, await server.place("plain").then(ignored(project)));
    await ask(server, plain.id, "WRITE b.txt before");
    expect((await changesOf(server, plain.workspaceId)).map(({ path }) => path)).toEqual(["b.txt"]);
    git(plain.directory, "init", "-q");
    await ask(server, plain.id, "WRITE c.txt after");
    expect((await changesOf(server, plain.workspaceId)).map(({ path }) => path)).toEqual(["b.txt", "c.txt"]);
  },
);

/** A directory below the project that its repository does not look at is on its own. */
const ignored =
  (project: string) =>
  async (directory: string): Promise<string> => {
    await writeFile(join(project, ".git", "info", "exclude"), "/plain/\n");
    return directory;
  };

async function worktreeOf({ client }: HoldfastProcess, workspaceId: string): Promise<{ worktreeId: string }> {
  const { items } = await client.listWorktrees();
  const found = items.find((each) => each.workspaceId === workspaceId);
  if (found === undefined) throw new Error("There is no worktree.");
  return { worktreeId: found.id };
}
