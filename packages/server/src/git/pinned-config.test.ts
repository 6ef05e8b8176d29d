import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { REF_CONFIG } from "./commits.ts";
import { DURABLE } from "./objects.ts";
import { FETCH_PINNED, PINNED, UPLOAD_PACK } from "./pinned-config.ts";
import { PLAIN_INDEX } from "./temporary-index.ts";

/** Sections of configuration that the git commands of the program read; a key of another section cannot reach them. */
const SECTIONS = new Set([
  "add",
  "apply",
  "attr",
  "color",
  "column",
  "core",
  "diff",
  "feature",
  "fetch",
  "i18n",
  "index",
  "init",
  "merge",
  "protocol",
  "safe",
  "sparse",
  "splitindex",
  "status",
  "submodule",
  "transfer",
  "worktree",
]);

/** Why keys of those sections are left as the user and the repository have them; `*` is any name. The first that fits counts. */
const LEFT_ALONE: Readonly<Record<string, string>> = {
  "add.interactive.useBuiltin": "nothing is interactive",
  "attr.tree": "whose attributes hold is the user's word",
  "color.*.*": "there are no colours: color.ui, color.diff and color.status are off",
  "color.advice": "for people, on stderr",
  "color.branch": "git branch is not run",
  "color.grep": "git grep is not run",
  "color.interactive": "nothing is interactive",
  "color.pager": "there is no pager",
  "color.push": "nothing is pushed",
  "color.remote": "for people, on stderr",
  "color.showBranch": "git show-branch is not run",
  "color.transport": "for people, on stderr",
  "column.*": "git branch, tag and clean are not run",
  "core.alternateRefsCommand":
    "asked by git receive-pack, and by a fetch into a repository with alternates for what it need not ask for",
  "core.alternateRefsPrefixes": "like core.alternateRefsCommand",
  "core.askPass": "GIT_ASKPASS is empty",
  "core.attributesFile": "whose attributes hold is the user's word",
  "core.autocrlf": "how files are stored is the user's word",
  "core.bare": "what the repository is",
  "core.checkRoundtripEncoding": "how files are stored is the user's word",
  "core.checkStat":
    "what his file system tells of a change, the user knows; what a laxer look costs is known to git's users",
  "core.commentChar": "no message is edited",
  "core.commentString": "no message is edited",
  "core.commitGraph": "speed",
  "core.compression": "speed",
  "core.createObject": "what the file system can do",
  "core.deltaBaseCacheLimit": "speed",
  "core.editor": "GIT_EDITOR is set",
  "core.eol": "how files are stored is the user's word",
  "core.excludesFile": "which files are ignored is the user's word",
  "core.fileMode": "what the file system can do",
  "core.filesRefLockTimeout": "a run has a deadline",
  "core.fsmonitorHookVersion": "there is no file system monitor",
  "core.fsyncObjectFiles": "core.fsync stands over it",
  "core.gitProxy": "nothing goes over the network",
  "core.hideDotFiles": "Windows",
  "core.ignoreCase": "what the file system can do",
  "core.lockfilePid": "names of lock files, which nobody here reads",
  "core.looseCompression": "speed",
  "core.maxTreeDepth": "a limit of git's own; what is deeper fails",
  "core.multiPackIndex": "speed",
  "core.notesRef": "no notes are read",
  "core.packedGitLimit": "speed",
  "core.packedGitWindowSize": "speed",
  "core.packedRefsTimeout": "a run has a deadline",
  "core.pager": "GIT_PAGER is set",
  "core.precomposeUnicode": "what the file system can do",
  "core.preloadIndex": "speed",
  "core.protectHFS": "which names git refuses is the user's word",
  "core.protectNTFS": "which names git refuses is the user's word",
  "core.repositoryFormatVersion": "what the repository is",
  "core.restrictinheritedhandles": "Windows",
  "core.sharedRepository": "rights of files in the repository are the user's word",
  "core.sparseCheckout": "which files there are is the user's word",
  "core.sparseCheckoutCone": "which files there are is the user's word",
  "core.sshCommand": "nothing goes over the network",
  "core.symlinks": "what the file system can do",
  "core.trustctime": "like core.checkStat",
  "core.unsetenvvars": "Windows",
  "core.useReplaceRefs": "what the user sees of his repository",
  "core.warnAmbiguousRefs": "for people, on stderr",
  "core.whitespace": "git apply is told what it does about white space",
  "core.worktree": "what the repository is",
  "diff.<driver>.algorithm": "the algorithm is named in the command",
  "diff.<driver>.binary": "that files are binary is said by attributes, which are the user's word",
  "diff.<driver>.cachetextconv": "--no-textconv",
  "diff.<driver>.command": "--no-ext-diff",
  "diff.<driver>.textconv": "--no-textconv",
  "diff.<driver>.trustExitCode": "--no-ext-diff",
  "diff.<driver>.wordRegex": "no words are compared",
  "diff.<driver>.xfuncname": "only what stands behind a hunk's numbers",
  "diff.autoRefreshIndex": "git diff is not run",
  "diff.colorMoved": "there are no colours",
  "diff.colorMovedWS": "there are no colours",
  "diff.dirstat": "not asked for",
  "diff.external": "--no-ext-diff; git status runs none",
  "diff.guitool": "git difftool is not run",
  "diff.renameLimit": "named in the command",
  "diff.renames": "named in the command; git status by status.renames",
  "diff.statGraphWidth": "not asked for",
  "diff.statNameWidth": "not asked for",
  "diff.tool": "git difftool is not run",
  "diff.trustExitCode": "--no-ext-diff",
  "diff.wordRegex": "no words are compared",
  "feature.*": "the others are pinned",
  "fetch.all": "the one fetch names where from",
  "fetch.bundle*": "git fetch takes bundles from where it is cloned from",
  "fetch.fsck.*": "nothing is checked",
  "fetch.negotiationAlgorithm": "speed",
  "fetch.output": "--quiet",
  "fetch.parallel": "speed",
  "fetch.showForcedUpdates": "for people, on stderr",
  "fetch.unpackLimit": "speed",
  "index.recordEndOfIndexEntries": "git reads every form",
  "index.recordOffsetTable": "git reads every form",
  "index.skipHash": "git reads every form",
  "index.threads": "speed",
  "index.version": "git reads every form",
  "init.defaultBranch": "named in the command",
  "init.templateDir": "named in the command",
  "merge.<driver>.*": "how files are merged is said by attributes, which are the user's word",
  "merge.autoStash": "git merge is not run",
  "merge.branchdesc": "git merge is not run",
  "merge.defaultToUpstream": "git merge is not run",
  "merge.ff": "git merge is not run",
  "merge.guitool": "git mergetool is not run",
  "merge.log": "git merge is not run",
  "merge.stat": "git merge is not run",
  "merge.suppressDest": "git merge is not run",
  "merge.tool": "git mergetool is not run",
  "merge.verifySignatures": "git merge is not run",
  "protocol.*": "of the others nothing is fetched",
  "safe.bareRepository": "a repository that is no checkout is named to git",
  "safe.directory": "whom he trusts is the user's word; a refusal is told",
  "splitIndex.*": "git reads every form",
  "status.compareBranches": "for people; not in the format that is asked for",
  "status.renameLimit": "status looks for no renames",
  "submodule.<name>.*": "--ignore-submodules=none; no submodule is filled or fetched",
  "submodule.active": "no submodule is filled or fetched",
  "submodule.alternate*": "no submodule is filled or fetched",
  "submodule.fetchJobs": "no submodule is filled or fetched",
  "submodule.propagateBranches": "no submodule is filled or fetched",
  "transfer.advertise*": "between two of this machine's git",
  "transfer.bundleURI": "between two of this machine's git",
  "transfer.credentialsInUrl": "nothing goes over the network",
  "transfer.unpackLimit": "speed",
  "worktree.guessRemote": "the branch is named in the command",
};

/** Pinned for versions of git that know them, from the one named on. */
const NEWER = new Set(["diff.srcprefix", "diff.dstprefix", "worktree.userelativepaths"]);
/** Pinned and read by git, but not in its own list. */
const UNLISTED = new Set([
  "merge.default",
  "diff.default.binary",
  "protocol.file.allow",
  "init.defaultobjectformat",
  "init.defaultrefformat",
]);

const nameOf = (setting: string): string => setting.slice(0, setting.indexOf("=")).toLowerCase();

const pinned = new Set([
  ...Object.keys(PINNED).map((name) => name.toLowerCase()),
  ...[...PLAIN_INDEX, ...DURABLE, ...REF_CONFIG, ...FETCH_PINNED].map(nameOf),
  ...[...UPLOAD_PACK.matchAll(/-c (\S+)=/g)].map((match) => (match[1] ?? "").toLowerCase()),
  // By the runner, unless hooks are to run.
  "core.hookspath",
]);

const fits = (pattern: string, key: string): boolean => {
  const source = pattern
    .toLowerCase()
    .split("*")
    .map((part) => part.replace(/[.<>?+()[\]{}|^$\\]/g, "\\$&"));
  return new RegExp(`^${source.join(".*")}$`).test(key);
};

describe("configuration that git's answers depend on", () => {
  const known = execFileSync("git", ["help", "-c"], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().toLowerCase())
    .filter((line) => /^[a-z0-9]+\.\S+$/.test(line));

  test("[W-14] every key that the installed git knows is pinned, or left alone for a reason", () => {
    expect(known.length).toBeGreaterThan(500);
    const relevant = known.filter((key) => SECTIONS.has(key.slice(0, key.indexOf("."))));
    const patterns = Object.keys(LEFT_ALONE);
    const undecided = relevant.filter(
      (key) => !pinned.has(key) && !patterns.some((pattern) => fits(pattern, key)),
    );
    const version = execFileSync("git", ["version"], { encoding: "utf8" }).trim();
    expect(
      undecided,
      `${version} reads configuration that nobody has judged: pin it in pinned-config.ts, or say in LEFT_ALONE why it changes nothing that the program reads`,
    ).toEqual([]);
  });

  test("[W-14] what is pinned is spelled as git spells it", () => {
    const unknown = [...pinned].filter((key) => !known.includes(key));
    expect(unknown.filter((key) => !NEWER.has(key) && !UNLISTED.has(key))).toEqual([]);
  });
});
