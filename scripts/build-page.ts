/** `npm run build:page`: builds the page into packages/web/dist. `--if-missing` does nothing when it is there and no source is newer. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

const WEB = join(import.meta.dirname, "../packages/web");
const SOURCES = ["src", "public", "index.html", "vite.config.ts", "../client/src", "../protocol/src"];

function newest(path: string): number {
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return Math.max(
    0,
    ...readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
}

function isFresh(): boolean {
  const built = statSync(join(WEB, "dist/index.html"), { throwIfNoEntry: false });
  return built !== undefined && SOURCES.every((source) => newest(join(WEB, source)) <= built.mtimeMs);
}

if (!process.argv.includes("--if-missing") || !isFresh()) {
  // Whoever builds it: a test's NODE_ENV would make it React's development build.
  process.env["NODE_ENV"] = "production";
  process.stderr.write("holdfast: building the page\n");
  await build({ root: WEB, configFile: join(WEB, "vite.config.ts"), logLevel: "warn" });
}
