import { homedir } from "node:os";
import { join, resolve } from "node:path";

/**
 * The directory of the rehearsal agent's own memory: `REHEARSAL_HOME`, else `holdfast-rehearsal` in the XDG state
 * directory. It is never Holdfast's data directory.
 */
export function rehearsalHome(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env["REHEARSAL_HOME"]) return resolve(env["REHEARSAL_HOME"]);
  const state = env["XDG_STATE_HOME"] || join(env["HOME"] || homedir(), ".local", "state");
  return join(state, "holdfast-rehearsal");
}
