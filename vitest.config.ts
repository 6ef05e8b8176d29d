import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const packages = [
  "protocol",
  "kernel",
  "edge",
  "rpc",
  "client",
  "sqlite",
  "rehearsal",
  "native",
  "server",
  "share",
  "cli",
];

/** Begun first, so that none of them is left alone at the end. What is not here goes by project, the large ones first, and then by size. */
const FIRST = [
  "test/real-agents/opencode.test.ts",
  "test/e2e/page.test.ts",
  "test/e2e/agents.test.ts",
  "packages/cli/test/files.test.ts",
  "test/e2e/axe.test.ts",
  "test/matrix/matrix.test.ts",
  "test/torture/torture.test.ts",
  "test/e2e/changes.test.ts",
  "test/real-agents/holdfast.test.ts",
  "test/examples/packages.test.ts",
  "test/system/agent-sessions.test.ts",
  "test/environment/full-disk.test.ts",
  "test/environment/clock.test.ts",
  "test/hostile/hostile.test.ts",
  "test/environment/flood.test.ts",
  "test/power-loss/power-loss.test.ts",
  "test/faults/faults.test.ts",
  "test/faults/worktree.test.ts",
].map((file) => join(import.meta.dirname, file));
const PROJECTS = ["e2e", "system", "cli", "rehearsal", "native", "sqlite", "server"];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification): number => {
      const [first, room] = [FIRST.indexOf(moduleId), PROJECTS.indexOf(project.name)];
      if (first >= 0) return first;
      return FIRST.length + (room >= 0 ? room : PROJECTS.length);
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

const isWhole = process.env["HOLDFAST_TESTS"] === "whole";

/** Ends only what hangs: at least three times what any test needs on an idle machine of two cores. */
const LIMIT_MS = isWhole ? 2_400_000 : 600_000;

/** What a started program compiled is there for the next one: a server starts in half the time. */
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules", ".cache", "compiled");

/** Files of `npm run test:full` alone: what they show is shown once more by shorter ones, of another agent, engine or number. */
const LONG = [
  "packages/cli/test/places.test.ts",
  "packages/server/test/contract/sqlite-delayed.test.ts",
  "test/e2e/exact-text.test.ts",
  "test/e2e/input-methods.test.ts",
  "test/e2e/limits.test.ts",
  "test/e2e/long-history.test.ts",
  "test/e2e/many-windows.test.ts",
  "test/e2e/packed.test.ts",
  "test/e2e/timeline.test.ts",
  "test/model-coverage/native.test.ts",
  "test/model-coverage/real.test.ts",
  "test/model-coverage/rest.test.ts",
  "test/real-agents/mcp-servers.test.ts",
  "test/real-agents/opencode-answers.test.ts",
  "test/real-agents/opencode-trouble.test.ts",
  "test/real-agents/pool-mixed.test.ts",
  "test/real-agents/raw.test.ts",
  "test/real-agents/switch-agents.test.ts",
  "test/real-agents/worktree-review.test.ts",
  "test/system/git-settings.test.ts",
  "test/system/healed-refusals.test.ts",
  "test/system/large-rows.test.ts",
  "test/system/odd-paths.test.ts",
  "test/system/session-lists.test.ts",
];
const left = isWhole ? [] : LONG.map((file) => join(import.meta.dirname, file));

/** Where tests start the program, it is the one that is published. */
const program = join(import.meta.dirname, "test/harness/build-program.ts");

export default defineConfig({
  test: {
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    expect: { poll: { timeout: 120_000, interval: 20 } },
    setupFiles: [join(import.meta.dirname, "test", "harness", "patience.ts")],
    // Files share the processes that run them, because a process and its imports cost more than most of them; they leave nothing behind in it.
    isolate: false,
    // Files wait for processes and deadlines more than they work.
    maxWorkers: availableParallelism() * 2 + 1,
    sequence: { sequencer: LongFirst },
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
          ...(name === "cli" ? { globalSetup: program } : {}),
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
          globalSetup: program,
        },
      },
      {
        extends: true as const,
        test: {
          name: "e2e",
          root: ".",
          include: ["test/e2e/**/*.test.ts"],
          exclude: left,
          globalSetup: program,
        },
      },
    ],
  },
});
