import { defineConfig } from "vitest/config";

const packages = ["protocol", "kernel", "sqlite", "client", "server", "rehearsal", "cli", "web"];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      ...packages.map((name) => ({
        extends: true as const,
        test: { name, root: `packages/${name}`, include: ["src/**/*.test.ts", "test/**/*.test.ts"] },
      })),
      {
        extends: true as const,
        test: {
          name: "system",
          root: ".",
          include: ["test/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: ["test/e2e/**"],
        },
      },
      {
        extends: true as const,
        test: {
          name: "e2e",
          root: ".",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: "test/e2e/build-page.ts",
          testTimeout: 60_000,
        },
      },
    ],
  },
});
