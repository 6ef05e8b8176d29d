import { readFileSync } from "node:fs";

/** The version of this package, as `--version` prints it and `initialize` answers it. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const version = (manifest as { version?: unknown }).version;
  if (typeof version !== "string") throw new Error("package.json of the rehearsal agent has no version");
  return version;
}
