/** A server that the system starts at login and again after a failure: `service install`, `status` and `remove` (I-26). */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { askProgram } from "./ask-program.ts";
import { replaceWhole } from "./config-file.ts";
import { readPlace } from "./config.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { exactLine, shellLine } from "./output.ts";
import { findServer } from "./server-file.ts";
import { isOurs, type Manager, managerOf } from "./service-unit.ts";
import { serverCommand } from "./start-server.ts";

/** How long the manager may take to answer, in ms. */
const MANAGER_MS = 30_000;

/** Writes the file, and says how to enable it; with `enable` does that too. Throws CliError: 7 for a file that is not ours, 1 when the manager refuses. */
export async function install(context: Context, flags: { enable?: boolean }): Promise<ExitCode> {
  const { output, settings } = context;
  const manager = managerFor(context);
  const { file, text, enable, withoutLogin } = manager;
  const before = ownText(file);
  mkdirSync(dirname(file), { recursive: true });
  if (before !== text) replaceWhole(file, text, 0o644);
  const left = [...Object.keys(settings.fromEnvironment), ...(settings.token === undefined ? [] : ["token"])];
  if (left.length > 0)
    output.note(
      `holdfast: Set in this environment, and not for the service: ${left.join(", ")}. What shall hold there too belongs in ${settings.userConfigFile}.`,
    );
  if (findServer(settings.dataDirectory).state === "running")
    output.note("holdfast: A server runs already. The service can start after `holdfast stop`.");
  if (flags.enable === true)
    for (const command of enable) {
      const answer = await askProgram(command, MANAGER_MS);
      if ("why" in answer)
        throw new CliError(
          EXIT.failed,
          `${file} is written, but \`${shellLine(command)}\` failed: ${answer.why}`,
        );
    }
  if (context.isJson)
    output.json({
      file,
      written: before !== text,
      enabled: flags.enable === true,
      enable: enable.map(shellLine),
      withoutLogin,
    });
  else {
    output.line(`${before === text ? "As it should be" : "Written"}: ${exactLine(file)}`);
    if (flags.enable === true) output.line("Enabled and started.");
    else output.line(`To enable and start it: ${enable.map(shellLine).join(" && ")}`);
    output.line(withoutLogin);
  }
  return EXIT.completed;
}

/** Whether the file is there and what this program would write, and what the manager says of it. Exit 4 when there is none. */
export async function status(context: Context): Promise<ExitCode> {
  const manager = managerFor(context);
  const { file, text, name } = manager;
  const found = readIfThere(file);
  const state =
    found === undefined ? "none" : !isOurs(found) ? "foreign" : found === text ? "current" : "different";
  const differences = state === "different" ? differencesOf(found ?? "", text) : [];
  const answer = await askProgram(manager.show, MANAGER_MS);
  const said = "why" in answer ? answer.why : manager.meaning(answer.text).text;
  if (context.isJson) context.output.json({ file, state, differences, [name]: said });
  else {
    const meaning = {
      none: "not there; `holdfast service install` writes it",
      foreign: "not written by Holdfast",
      current: "as this program would write it",
      different: "not what this program would write from here; `holdfast service install` writes it anew:",
    }[state];
    context.output.line(`${exactLine(file)}: ${meaning}`);
    for (const line of differences) context.output.line(`  ${exactLine(line)}`);
    context.output.line(`${name}: ${exactLine(said)}`);
  }
  return state === "none" ? EXIT.notFound : EXIT.completed;
}

/** Takes the file away, and has the manager forget it. A server that runs goes on. Throws CliError (7) for a file that is not ours. */
export async function remove(context: Context): Promise<ExitCode> {
  const { output, settings } = context;
  const manager = managerFor(context);
  const { file } = manager;
  const isThere = ownText(file) !== undefined;
  if (isThere) {
    const shown = await askProgram(manager.show, MANAGER_MS);
    if ("text" in shown && manager.meaning(shown.text).isEnabled) {
      const answer = await askProgram(manager.disable, MANAGER_MS);
      if ("why" in answer)
        throw new CliError(
          EXIT.failed,
          `Nothing was removed: \`${shellLine(manager.disable)}\` failed: ${answer.why}`,
        );
    }
    rmSync(file, { force: true });
    // Nothing is lost without: it forgets the file when it looks again.
    if (manager.forget !== undefined) await askProgram(manager.forget, MANAGER_MS);
  }
  const isRunning = findServer(settings.dataDirectory).state === "running";
  if (context.isJson) output.json({ file, removed: isThere, running: isRunning });
  else {
    output.line(isThere ? `Removed: ${exactLine(file)}` : `There is no ${exactLine(file)}.`);
    output.line(`What stays: ${exactLine(settings.dataDirectory)}, and your configuration.`);
    if (isRunning) output.line("The server that runs goes on; `holdfast stop` ends it.");
  }
  return EXIT.completed;
}

function managerFor({ flags, settings }: Context): Manager {
  const { environment, ...place } = readPlace();
  const config = flags.config === undefined ? undefined : settings.userConfigFile;
  const command = serverCommand(settings.dataDirectory, config);
  return managerOf(process.platform, { ...place, uid: process.getuid?.() ?? 0 }, { command, environment });
}

/** Where the service of this user stands or would stand; undefined where there are none. */
export function serviceFile(context: Context): string | undefined {
  try {
    return managerFor(context).file;
  } catch {
    return undefined;
  }
}

/** The file's text when it is ours; undefined when there is none. Throws CliError (7) when it is somebody else's. */
function ownText(file: string): string | undefined {
  const text = readIfThere(file);
  if (text === undefined || isOurs(text)) return text;
  throw new CliError(EXIT.conflict, `${file} was not written by Holdfast. It was left as it is.`);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Lines that only one of two texts has: `-` is what stands there, `+` what would. */
function differencesOf(found: string, wanted: string): string[] {
  const only = (text: string, other: string, sign: string) => {
    const known = new Set(other.split("\n"));
    return text
      .split("\n")
      .filter((line) => !known.has(line))
      .map((line) => sign + line);
  };
  return [...only(found, wanted, "-"), ...only(wanted, found, "+")];
}
