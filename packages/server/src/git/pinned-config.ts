/**
 * Configuration that would change what git answers to the program, or what it does for it, laid over the user's and the repository's in every run
 * (W-14). Not here: what says which files there are and what is in them (ignored files, attributes, line ends, filters, what the file system can
 * do), in which the user's word holds, and what is only told to people. `pinned-config.test.ts` holds the list against `git help -c`. The values
 * are git's own defaults where nothing else is said.
 */
export const PINNED: Readonly<Record<string, string>> = {
  "add.ignoreErrors": "false",
  "apply.ignoreWhitespace": "no",
  "apply.whitespace": "nowarn",
  "color.diff": "false",
  "color.status": "false",
  "color.ui": "false",
  "column.status": "never",
  "column.ui": "never",
  "commit.gpgSign": "false",
  "core.abbrev": "no",
  // With a small one text has no hunks.
  "core.bigFileThreshold": "512m",
  // It would start a program of the repository's.
  "core.fsmonitor": "false",
  // With it an edit of a file that git itself wrote hides.
  "core.ignoreStat": "false",
  // A HEAD that is a link is not read by what looks at worktrees.
  "core.preferSymlinkRefs": "false",
  "core.quotePath": "false",
  // Else git refuses to store what it would convert.
  "core.safecrlf": "false",
  "diff.algorithm": "histogram",
  "diff.context": "3",
  "diff.default.binary": "auto",
  "diff.dstPrefix": "b/",
  "diff.ignoreSubmodules": "none",
  "diff.indentHeuristic": "true",
  "diff.interHunkContext": "0",
  "diff.mnemonicPrefix": "false",
  "diff.noprefix": "false",
  "diff.orderFile": "/dev/null",
  "diff.relative": "false",
  "diff.srcPrefix": "a/",
  "diff.submodule": "short",
  "diff.suppressBlankEmpty": "false",
  "diff.wsErrorHighlight": "none",
  "feature.experimental": "false",
  "feature.manyFiles": "false",
  // Nothing runs in the background.
  "gc.auto": "0",
  "i18n.commitEncoding": "UTF-8",
  "i18n.logOutputEncoding": "UTF-8",
  "init.defaultObjectFormat": "sha1",
  "init.defaultRefFormat": "files",
  "maintenance.auto": "false",
  "merge.conflictStyle": "merge",
  "merge.default": "text",
  // A directory that one side renamed takes nothing along that the other one added: a file lands under the name that was reviewed.
  "merge.directoryRenames": "false",
  "merge.renameLimit": "7000",
  "merge.renames": "true",
  "merge.renormalize": "false",
  "merge.verbosity": "2",
  // Else an edit of a file that a sparse checkout leaves out hides.
  "sparse.expectFilesOutsideOfPatterns": "false",
  "status.aheadBehind": "false",
  "status.branch": "false",
  "status.displayCommentPrefix": "false",
  "status.relativePaths": "false",
  "status.renames": "false",
  "status.short": "false",
  "status.showStash": "false",
  "status.showUntrackedFiles": "all",
  "status.submoduleSummary": "false",
  "submodule.recurse": "false",
  // It would write an extension into the repository's configuration.
  "worktree.useRelativePaths": "false",
};

/** The same as arguments. */
export const PINNED_ARGS: readonly string[] = Object.entries(PINNED).flatMap(([name, value]) => [
  "-c",
  `${name}=${value}`,
]);

/** For the one fetch there is, from a repository of the program's own: all of its refs come, and nothing else comes or goes. */
export const FETCH_PINNED: readonly string[] = [
  "fetch.fsckObjects=false",
  "fetch.prune=false",
  "fetch.pruneTags=false",
  "fetch.recurseSubmodules=false",
  "fetch.writeCommitGraph=false",
  "protocol.file.allow=always",
  "transfer.fsckObjects=false",
];

/** The other end of that fetch, which git gives nothing of what was laid over the configuration of this one. */
export const UPLOAD_PACK =
  "git -c transfer.hideRefs=!refs/holdfast -c uploadpack.hideRefs=!refs/holdfast upload-pack";
