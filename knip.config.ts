import type { KnipConfig } from "knip";

/**
 * `check:unused` runs knip twice: over everything, and over what programs run (`--production`: patterns that end in `!`), where an export of
 * `protocol` that only tests import is unused.
 */
const config: KnipConfig = {
  ignoreExportsUsedInFile: true,
  workspaces: {
    ".": {
      entry: [
        "scripts/*.ts",
        "bench/main.ts",
        "bench/*-process.ts",
        "test/torture/torture-or-power-loss.ts",
        "test/torture/{index,main,extra-migrations,spending}.ts",
        "test/sabotage/main.ts",
        "test/faults/{main,preload,native-preload}.ts",
        "test/hostile/{main,fuzz,hostile-agent,probe-thread}.ts",
        "test/matrix/{main,tap}.ts",
        "test/model-coverage/{main,told-agent}.ts",
        "test/simulate/{main,seeds-thread}.ts",
        "test/soak/main.ts",
        "test/torture/recorder-process.ts",
        "test/real-agents/record-golden.ts",
        "test/model/{index,main}.ts",
        "test/harness/{as-published,build-program,durable-program,mcp-server}.ts",
        "test/e2e/screenshots.ts",
        "test/gallery/{agent,record}.ts",
        "test-agents/*.ts",
        "test-agents/heavy/*.ts",
        "examples/**/*.ts",
      ],
      ignoreDependencies: ["axe-core", "@arethetypeswrong/cli"],
      ignoreBinaries: ["cc"],
      project: [
        "scripts/**/*.ts",
        "bench/**/*.ts",
        "test/**/*.ts",
        "test-agents/**/*.ts",
        "examples/**/*.ts",
      ],
    },
    "packages/*": {
      entry: ["bin/*.js!", "src/**/*-thread.ts!", "test/fixture/*.{ts,js}"],
      project: ["src/**/*.ts!", "!src/**/*.test.ts!", "bin/**/*.js!", "test/**/*.{ts,js}"],
      ignoreBinaries: ["fish", "mkfifo", "script", "systemd-analyze"],
    },
    "packages/protocol": {
      project: ["src/**/*.ts!", "!src/**/*.test.ts!", "test/**/*.ts"],
      includeEntryExports: true,
    },
    "packages/web": {
      entry: [
        "src/main.tsx!",
        "src/shared/{main,render}.tsx!",
        "src/**/*-worker.ts!",
        "src/page-directory.ts!",
        "vite.config.ts",
        "vite.share.config.ts",
        "test/gallery/main.tsx",
      ],
      project: ["src/**/*.{ts,tsx}!", "!src/**/*.test.ts!", "test/**/*.{ts,tsx}"],
      ignoreDependencies: ["tailwindcss"],
    },
    "packages/share": {
      entry: ["src/**/*-{module,thread}.ts!"],
      project: ["src/**/*.ts!", "!src/**/*.test.ts!", "test/**/*.ts"],
    },
    "packages/server": {
      entry: [
        "src/**/*-{thread,module}.ts!",
        "src/main/embedded-store.ts!",
        "test/contract/store-contract.ts",
        "test/fixture/*.{ts,js}",
        "test/agents/fixture/*.ts",
      ],
      project: ["src/**/*.ts!", "!src/**/*.test.ts!", "test/**/*.{ts,js}"],
    },
  },
};

export default config;
