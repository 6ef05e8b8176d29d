#!/usr/bin/env node
// No module of the other kind: loading those takes Node a quarter as long as its whole start, and `--version` and `--help` need none (T-23).
const { existsSync, readFileSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const MINIMUM_MAJOR = 24;
const ROOT = path.join(__dirname, "..");

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
/** What the build wrote down of the program's own help; a clone has none. */
const help = path.join(ROOT, "lib/help.txt");

if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  // Without loading anything: scripts ask for it often (I-10).
  const { version } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8"));
  process.stdout.write(`${version}\n`);
} else if (args.length === 1 && (args[0] === "--help" || args[0] === "-h") && existsSync(help)) {
  process.stdout.write(readFileSync(help));
} else {
  void run();
}

async function run() {
  // What is compiled once is there for the next command, which starts in half the time. It lies with the user's own caches, where nobody else can write.
  const { XDG_CACHE_HOME: caches, HOME: home } = process.env;
  const directory = caches?.startsWith("/") ? caches : home?.startsWith("/") ? `${home}/.cache` : undefined;
  if (directory !== undefined) enableCompileCache(`${directory}/holdfast/compiled`);
  const source = path.join(ROOT, "src/index.ts");
  const built = path.join(ROOT, "lib/index.js");
  /** @type {{ main: (args: readonly string[]) => Promise<number> }} */
  const { main } = await import(pathToFileURL(existsSync(source) ? source : built).href);
  process.exitCode = await main(args);
}
