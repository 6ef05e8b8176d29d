import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const packages = ["protocol", "kernel", "edge", "sqlite", "client", "server", "rehearsal", "cli"];

/** Ends only what hangs: at least three times what any test needs on an idle machine of two cores. */
const LIMIT_MS = 600_000;

/** What a started program compiled is there for the next one: a server starts in half the time. */
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules", ".cache", "compiled");

/** Files of `npm run test:full` alone: what they show is shown once more by shorter ones, of another agent, engine or number. */
const LONG = [
  "packages/server/test/contract/sqlite-delayed.test.ts",
  "test/e2e/long-history.test.ts",
  "test/e2e/many-windows.test.ts",
  "test/real-agents/pool-mixed.test.ts",
  "test/real-agents/raw.test.ts",
  "test/real-agents/switch-agents.test.ts",
  "test/real-agents/worktree-review.test.ts",
];
const left =
  process.env["HOLDFAST_TESTS"] === "whole" ? [] : LONG.map((file) => join(import.meta.dirname, file));

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
        test: {
          name,
          root: `packages/${name}`,
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: left,
        },
      })),
      {
        extends: true as const,
        test: {
          name: "web",
          root: "packages/web",
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          experimental: { viteModuleRunner: true, nodeLoader: true },
        },
      },
      {
        extends: true as const,
        test: {
          name: "system",
          root: ".",
          include: ["test/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: ["test/e2e/**", ...left],
        },
      },
      {
        extends: true as const,
        test: {
          name: "e2e",
          root: ".",
          include: ["test/e2e/**/*.test.ts"],
          exclude: left,
          globalSetup: "test/e2e/build-page.ts",
        },
      },
    ],
  },
});
