import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

const REPOSITORY = join(import.meta.dirname, "../..");
const ROOT_FILES = [
  ".dependency-cruiser.mjs",
  ".oxlintrc.json",
  "knip.config.ts",
  "LICENSE",
  "package-lock.json",
  "package.json",
];
/** With what the program is built of, which tests start. */
const PACKAGE_ENTRIES = [
  "package.json",
  "tsconfig.json",
  "src",
  "bin",
  "test",
  "README.md",
  "completion",
  "index.html",
  "public",
  "vite.config.ts",
  "vite.share.config.ts",
  "without-json-schema.ts",
];

/** Path below the root -> content. */
export type Seeds = Readonly<Record<string, string>>;

/** A copy of the repository's sources and checks in a temporary directory, with seeded files on top. Dispose it. */
export class SeededTree {
  readonly root = mkdtempSync(join(tmpdir(), "holdfast-seeded-"));

  constructor(seeds: Seeds) {
    this.copy(ROOT_FILES);
    this.copy(readdirSync(REPOSITORY).filter((name) => /^tsconfig.*\.json$/.test(name)));
    this.copy(["scripts", "test", "test-agents", "bench"]);
    const packages = readdirSync(join(REPOSITORY, "packages"));
    for (const name of packages) this.copy(PACKAGE_ENTRIES.map((entry) => join("packages", name, entry)));
    this.linkModules(packages);
    this.write(seeds);
  }

  write(seeds: Seeds): void {
    for (const [path, content] of Object.entries(seeds)) {
      const target = join(this.root, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
  }

  /** Runs a program inside the tree to its end (at most 9 min) and returns its exit code and everything it printed. */
  run(command: string, ...args: string[]): { code: number | null; output: string } {
    const result = spawnSync(command, args, {
      cwd: this.root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 540_000,
    });
    return { code: result.status, output: `${result.stdout}${result.stderr}` };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  private copy(paths: readonly string[]): void {
    for (const path of paths) {
      try {
        cpSync(join(REPOSITORY, path), join(this.root, path), { recursive: true, filter: isSource });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }
  }

  /** Installed packages are shared; the workspaces must resolve to the copy. */
  private linkModules(packages: readonly string[]): void {
    const installed = join(REPOSITORY, "node_modules");
    mkdirSync(join(this.root, "node_modules/@holdfast"), { recursive: true });
    for (const name of readdirSync(installed)) {
      if (name !== "@holdfast") symlinkSync(join(installed, name), join(this.root, "node_modules", name));
    }
    for (const name of packages) {
      symlinkSync(join(this.root, "packages", name), join(this.root, "node_modules/@holdfast", name));
    }
  }
}

function isSource(path: string): boolean {
  return !["node_modules", "dist"].includes(basename(path));
}
