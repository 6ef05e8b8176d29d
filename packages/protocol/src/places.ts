/**
 * Where Holdfast keeps a user's things, by the environment. Server and command ask here, so that both look in the same place. Pure; paths are those
 * of POSIX.
 */
export type Machine = {
  env: Readonly<Record<string, string | undefined>>;
  /** The home directory that the system has of the user; empty when it has none. Asked only when the environment does not say. */
  systemHome: () => string;
  platform: string;
};

const isAbsolute = (path: string | undefined): path is string => path?.startsWith("/") === true;

/** `HOME` when that is an absolute path, else what the system says; empty when nobody knows. */
export function homeOf({ env, systemHome }: Machine): string {
  if (isAbsolute(env["HOME"])) return env["HOME"];
  const home = systemHome();
  return isAbsolute(home) ? home : "";
}

/**
 * `HOLDFAST_DATA_DIR`, else the platform's place. Throws a RangeError for a relative path, which would be another directory wherever a command is
 * run, and when there is no home. A relative `XDG_DATA_HOME` counts as absent, as its specification says.
 */
export function dataDirectoryOf(machine: Machine): string {
  const { env, platform } = machine;
  const given = env["HOLDFAST_DATA_DIR"] ?? "";
  if (isAbsolute(given)) return given;
  if (given !== "")
    throw new RangeError(
      `HOLDFAST_DATA_DIR is ${JSON.stringify(given)}; it needs an absolute path, so that it is one directory wherever a command is run.`,
    );
  if (isAbsolute(env["XDG_DATA_HOME"])) return `${env["XDG_DATA_HOME"]}/holdfast`;
  const home = requireHome(machine, "HOLDFAST_DATA_DIR");
  return `${home}/${platform === "darwin" ? "Library/Application Support" : ".local/share"}/holdfast`;
}

/** The user's configuration file. Throws a RangeError when there is no home. */
export function configFileOf(machine: Machine): string {
  const { env } = machine;
  const directory = isAbsolute(env["XDG_CONFIG_HOME"])
    ? env["XDG_CONFIG_HOME"]
    : `${requireHome(machine, "XDG_CONFIG_HOME")}/.config`;
  return `${directory}/holdfast/config.jsonc`;
}

function requireHome(machine: Machine, otherwise: string): string {
  const home = homeOf(machine);
  if (home !== "") return home.replace(/\/+$/, "");
  throw new RangeError(`There is no home directory: set HOME or ${otherwise} to an absolute path.`);
}
