import { readFileSync } from "node:fs";

/** The version of this package, as `open` answers it. */
export function programVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const version = (manifest as { version?: unknown }).version;
  if (typeof version !== "string") throw new Error("package.json of the native agent has no version");
  return version;
}
