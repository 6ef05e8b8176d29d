import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const packages = ["protocol", "kernel", "sqlite", "client", "server", "rehearsal", "cli"];

/** Ends only what hangs: at least three times what any test needs on an idle machine of two cores. */
const LIMIT_MS = 600_000;

/** What a started program compiled is there for the next one: a server starts in half the time. */
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules", ".cache", "compiled");

/** Files of `npm run test:full` alone: nothing of them would be left in a sample. */
const LONG = ["test/real-agents/pool-mixed.test.ts"];

export default defineConfig({
  test: {
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    expect: { poll: { timeout: 120_000, interval: 20 } },
    setupFiles: [join(import.meta.dirname, "test", "harness", "patience.ts")],
    // Files wait for processes and deadlines more than they work.
    maxWorkers: availableParallelism() * 2,
    // Node runs the sources itself, as in production.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      ...packages.map((name) => ({
        extends: true as const,
        test: { name, root: `packages/${name}`, include: ["src/**/*.test.ts", "test/**/*.test.ts"] },
      })),
      {
        extends: true as const,
        test: {
          name: "web",
          root: "packages/web",
          include: ["src/**/*.test.ts"],
          experimental: { viteModuleRunner: true, nodeLoader: true },
        },
      },
      {
        extends: true as const,
        test: {
          name: "system",
          root: ".",
          include: ["test/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: ["test/e2e/**", ...(process.env["HOLDFAST_TESTS"] === "whole" ? [] : LONG)],
        },
      },
      {
        extends: true as const,
        test: {
          name: "e2e",
          root: ".",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: "test/e2e/build-page.ts",
        },
      },
    ],
  },
});
