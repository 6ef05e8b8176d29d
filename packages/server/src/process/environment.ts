import { pointsGitElsewhere } from "@holdfast/kernel";

/** Variables of an environment; `undefined` is absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a child inherits: everything but what is Holdfast's own, or only a short list. */
export type EnvironmentPolicy = {
  inherit: "user" | "minimal";
  /** Names kept beside the basic ones when `inherit` is `minimal`. */
  keep?: readonly string[] | undefined;
  /** Names removed when `inherit` is `user`. */
  remove?: readonly string[] | undefined;
  /** Set last; wins over everything but Holdfast's own variables. */
  set?: Readonly<Record<string, string>> | undefined;
};

/** The variable that marks every process of one launch. */
export const LAUNCH_ID_VARIABLE = "HOLDFAST_LAUNCH_ID";

/** What a program needs to run at all, kept under `minimal`. */
const BASIC = new Set(["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TZ"]);

/** The environment of a child: filtered, then the policy's own settings, then the launch id and its private temporary directory. */
export function childEnvironment(
  parent: Environment,
  policy: EnvironmentPolicy,
  launch: { launchId: string; temporaryDirectory: string },
): Record<string, string> {
  const removed = new Set(policy.remove);
  const kept = new Set(policy.keep);
  const child: Record<string, string> = {};
  for (const [name, value] of Object.entries(parent)) {
    if (value === undefined || isWithheld(name) || removed.has(name)) continue;
    if (policy.inherit === "minimal" && !BASIC.has(name) && !name.startsWith("LC_") && !kept.has(name))
      continue;
    child[name] = value;
  }
  for (const [name, value] of Object.entries(policy.set ?? {})) if (!isWithheld(name)) child[name] = value;
  for (const name of ["TMPDIR", "TMP", "TEMP"]) child[name] = launch.temporaryDirectory;
  child[LAUNCH_ID_VARIABLE] = launch.launchId;
  return child;
}

/** Never given to a child: it would point a program at our database, or at the repository of whoever started us. */
function isWithheld(name: string): boolean {
  return name.startsWith("HOLDFAST_") || name === "DATABASE_URL" || pointsGitElsewhere(name);
}
