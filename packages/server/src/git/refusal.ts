import { isGitError } from "./git-error.ts";

/** Why git does not work in a directory at all, in words for people with what to do; `undefined` for any other failure. */
export function refusalOf(error: unknown, directory: string): string | undefined {
  if (isGitError(error, "missing")) return "There is no git program on this server's PATH.";
  if (!isGitError(error, "dubiousOwnership")) return undefined;
  // The directory that git checks is the one it names: the top, where that is not ours.
  const [, named] = /dubious ownership in repository at '([^]*)'\n/.exec(error.stderrTail) ?? [];
  const path = named ?? directory;
  return `git refuses the repository of ${directory}, because it belongs to another user. If you trust it, allow it: git config --global --add safe.directory ${quoted(path)}`;
}

/** As one word of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
