import { readFileSync } from "node:fs";

type Manifest = { version: string };

/** The version of this package, as published. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as Manifest
).version;
