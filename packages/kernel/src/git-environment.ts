/**
 * Variables that make any git that is started work on another repository, index, object store or configuration than the directory it runs in
 * says. Whoever started this program may have had them from a git hook or an alias; what it starts must not. All that
 * `git rev-parse --local-env-vars` answers (a test asks the installed git), and what git sets for its own children beside them.
 */
const REPOSITORY_VARIABLES = new Set([
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_CONFIG",
  "GIT_CONFIG_COUNT",
  "GIT_CONFIG_PARAMETERS",
  "GIT_DIR",
  "GIT_GRAFT_FILE",
  "GIT_IMPLICIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_NO_REPLACE_OBJECTS",
  "GIT_OBJECT_DIRECTORY",
  "GIT_PREFIX",
  "GIT_REFERENCE_BACKEND",
  "GIT_REPLACE_REF_BASE",
  "GIT_SHALLOW_FILE",
  "GIT_WORK_TREE",
  // Not in git's own list.
  "GIT_ATTR_SOURCE",
  "GIT_GLOB_PATHSPECS",
  "GIT_ICASE_PATHSPECS",
  "GIT_LITERAL_PATHSPECS",
  "GIT_NAMESPACE",
  "GIT_NOGLOB_PATHSPECS",
  "GIT_QUARANTINE_PATH",
  "GIT_REFLOG_ACTION",
]);

/** `GIT_CONFIG_COUNT` says how many of the first there are; the second are git's alone. */
const NUMBERED_OR_INTERNAL = /^GIT_(CONFIG_(KEY|VALUE)_\d+|INTERNAL_\w+)$/;

/** Whether a variable says where or on what git works. What says how it works (`GIT_SSH_COMMAND`, `GIT_AUTHOR_NAME`, `GIT_CONFIG_GLOBAL`) does not. */
export function pointsGitElsewhere(name: string): boolean {
  return REPOSITORY_VARIABLES.has(name) || NUMBERED_OR_INTERNAL.test(name);
}
