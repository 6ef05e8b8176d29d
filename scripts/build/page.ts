/** The page, as Vite writes it into `packages/web/dist`, and the pages of the share service, into `share` in it. */
import { readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { build } from "vite";

const WEB = join(import.meta.dirname, "../../packages/web");
const SOURCES = [
  "src",
  "public",
  "index.html",
  "vite.config.ts",
  "vite.share.config.ts",
  "without-json-schema.ts",
  "../client/src",
  "../protocol/src",
  // The libraries that are bundled, and the file of their licences.
  "../../package-lock.json",
  "../../scripts/build/notices.ts",
];

/** Unless forced, it is built only when it is missing or a source is newer. */
export async function buildPage({ isForced }: { isForced: boolean }): Promise<void> {
  // The first and the last of what is written: a build that was cut short is made again.
  const builtAt = Math.min(
    ...["dist/index.html", "dist/share/render.js"].map(
      (file) => statSync(join(WEB, file), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    ),
  );
  if (!isForced && SOURCES.every((source) => newest(join(WEB, source)) <= builtAt)) return;
  // Whoever builds it: a test's NODE_ENV would make it React's development build.
  process.env["NODE_ENV"] = "production";
  process.stderr.write("holdfast: building the page\n");
  await build({ root: WEB, configFile: join(WEB, "vite.config.ts"), logLevel: "warn" });
  const shared = { root: WEB, configFile: join(WEB, "vite.share.config.ts"), logLevel: "warn" } as const;
  await build(shared);
  await build({ ...shared, build: { ssr: "src/shared/render.tsx" } });
}

/** What is made, not written: it may be newer than what was made of the same sources. */
const MADE = /(?:^|[\\/])(?:dist|dist-types|node_modules)(?:[\\/]|$)/;

/** When the newest source at or below this path changed, in ms of the epoch. */
export function newest(path: string): number {
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return Math.max(
    0,
    ...readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".tsbuildinfo"))
      .filter((entry) => !MADE.test(relative(path, entry.parentPath)))
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
}
