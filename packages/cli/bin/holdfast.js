#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";
import module from "node:module";

const MINIMUM_MAJOR = 24;

if (Number(process.versions.node.split(".")[0]) < MINIMUM_MAJOR) {
  process.stderr.write(
    `holdfast needs Node ${MINIMUM_MAJOR} or newer, this is ${process.versions.node}. ` +
      "In its repository, `npm start` and `npx holdfast` use the pinned one; elsewhere install a newer Node.\n",
  );
  process.exit(2);
}

// A full disk, or a reader that has left. Nothing follows: what was asked for cannot be printed.
process.stdout.on("error", (error) => {
  process.stderr.write(`holdfast: The output cannot be written: ${error.message}\n`);
  process.exit(1);
});
// There is nobody to tell; the exit code still says how it ended.
process.stderr.on("error", () => undefined);

const args = process.argv.slice(2);
if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  // Without loading anything: scripts ask for it often (I-10).
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  process.stdout.write(`${version}\n`);
} else {
  // What is compiled once is there for the next command, which starts in half the time. It lies with the user's own caches, where nobody else can write.
  const { XDG_CACHE_HOME: caches, HOME: home } = process.env;
  const directory = caches?.startsWith("/") ? caches : home?.startsWith("/") ? `${home}/.cache` : undefined;
  if (directory !== undefined) module.enableCompileCache(`${directory}/holdfast/compiled`);
  const source = new URL("../src/index.ts", import.meta.url);
  const built = new URL("../lib/index.js", import.meta.url);
  /** @type {{ main: (args: readonly string[]) => Promise<number> }} */
  const { main } = await import((existsSync(source) ? source : built).href);
  process.exitCode = await main(args);
}
