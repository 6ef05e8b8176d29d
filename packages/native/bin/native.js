#!/usr/bin/env node
import { existsSync } from "node:fs";

const MINIMUM_MAJOR = 24;

if (Number(process.versions.node.split(".")[0]) < MINIMUM_MAJOR) {
  process.stderr.write(
    `holdfast-native needs Node ${MINIMUM_MAJOR} or newer, this is ${process.versions.node}. Install a newer Node and run it again.\n`,
  );
  process.exit(2);
}

const source = new URL("../src/main.ts", import.meta.url);
const built = new URL("../lib/native.js", import.meta.url);
/** @type {{ main: (args: readonly string[]) => void }} */
const { main } = await import((existsSync(source) ? source : built).href);
main(process.argv.slice(2));
