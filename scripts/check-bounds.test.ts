import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isWhole } from "../test/harness/sample.ts";
import { blindness } from "./check-bounds.ts";
import { SeededTree } from "./test/seeded-tree.ts";

const SERVER = "packages/server/src";

/** Rule -> a file that breaks it. The targets below are what these files import. */
const VIOLATIONS: readonly [rule: string, file: string, source: string][] = [
  ["package-protocol", "packages/protocol/src/seed.ts", `import "@holdfast/kernel";`],
  ["package-kernel", "packages/kernel/src/seed.ts", `import "@holdfast/sqlite";`],
  ["package-client", "packages/client/src/seed.ts", `import type {} from "@holdfast/kernel";`],
  ["cli-starts-fast", "packages/cli/src/seed.ts", `import "@holdfast/server";`],
  ["room-events", `${SERVER}/events/seed.ts`, `import "../session/index.ts";`],
  ["room-session", `${SERVER}/session/seed-http.ts`, `import "../http/index.ts";`],
  ["room-http", `${SERVER}/http/seed-store.ts`, `import type {} from "../store/index.ts";`],
  ["room-turn", `${SERVER}/turn/seed-config.ts`, `import "../config/index.ts";`],
  ["alternatives-of-agents", `${SERVER}/agents/native/seed.ts`, `import "../acp/index.ts";`],
  ["engine-only-from-main", `${SERVER}/session/seed.ts`, `import "../store/sqlite/index.ts";`],
  ["engine-only-from-main", `${SERVER}/store/seed.ts`, `import "./sqlite/index.ts";`],
  ["runner-only-from-store", `${SERVER}/turn/seed.ts`, `import "@holdfast/sqlite";`],
  [`door-of-${SERVER}/turn`, `${SERVER}/session/seed-door.ts`, `import "../turn/seed.ts";`],
  [`door-of-${SERVER}/turn`, `${SERVER}/main/seed-door.ts`, `import "../turn/seed.ts";`],
  [`door-of-${SERVER}/agents/acp`, `${SERVER}/agents/seed-door.ts`, `import "./acp/seed.ts";`],
  [
    "door-of-packages/kernel/src",
    "packages/server/src/turn/seed-deep.ts",
    `import "../../../kernel/src/seed.ts";`,
  ],
  ["node-sqlite-only-in-sqlite", `${SERVER}/store/seed-raw.ts`, `import "node:sqlite";`],
  ["web-framework-only-in-surfaces", `${SERVER}/session/seed-web.ts`, `import "hono";`],
  ["browser-safe", "packages/protocol/src/seed-io.ts", `import "node:os";`],
  ["browser-safe", "packages/client/src/rpc/seed-io.ts", `import "node:os";`],
  ["client-for-node-only-in-programs", "packages/client/src/rpc/seed-node.ts", `import "../node/index.ts";`],
  ["client-for-node-only-in-programs", "packages/web/src/seed-node.ts", `import "@holdfast/client/node";`],
  ["client-stays-light", "packages/client/src/seed-rpc.ts", `import "./rpc/index.ts";`],
  ["client-stays-light", "packages/client/src/seed-capnweb.ts", `import "capnweb";`],
  ["kernel-without-io", "packages/kernel/src/seed-io.ts", `import "node:fs";`],
  ["no-cycle", "packages/kernel/src/seed-one.ts", `import type {} from "./seed-two.ts";`],
  ["resolvable", "packages/kernel/src/seed-lost.ts", `import "./nowhere.ts";`],
  ["unlisted", `${SERVER}/attic/index.ts`, `export {};`],
  ["unlisted", `${SERVER}/loose.ts`, `export {};`],
];

const TARGETS = {
  "packages/kernel/src/seed-two.ts": `import type {} from "./seed-one.ts";`,
  ...Object.fromEntries(
    ["session", "http", "store", "config", "agents/acp", "store/sqlite"].map((room) => [
      `${SERVER}/${room}/index.ts`,
      "export {};",
    ]),
  ),
  [`${SERVER}/agents/acp/seed.ts`]: "export {};",
};

/** Imports that look alike and are allowed. */
const ALLOWED = {
  [`${SERVER}/main/allowed-adapter.ts`]: `import "../store/sqlite/index.ts"; import "../agents/acp/index.ts"; import "hono";`,
  [`${SERVER}/turn/allowed.test.ts`]: `import "../store/sqlite/index.ts"; import "node:sqlite";`,
  [`${SERVER}/agents/acp/allowed.ts`]: `import "@holdfast/kernel"; import "@holdfast/protocol"; import "../../store/index.ts";`,
  "packages/client/src/node/allowed.ts": `import "node:os"; import "../seed-rpc.ts";`,
  "packages/client/src/rpc/allowed.ts": `import "capnweb";`,
  "packages/cli/src/allowed.ts": `export const load = () => import("@holdfast/server"); export type S = typeof import("@holdfast/server");`,
};

describe("the boundaries of packages and rooms", () => {
  let lines: string[] = [];
  let code: number | null = 0;
  let tree: SeededTree;

  beforeAll(() => {
    const seeds = Object.fromEntries(VIOLATIONS.map(([, file, source]) => [file, source]));
    tree = new SeededTree({ ...TARGETS, ...seeds, ...ALLOWED });
    const result = tree.run("node", "scripts/check-bounds.ts");
    lines = result.output.split("\n");
    code = result.code;
  });
  afterAll(() => tree[Symbol.dispose]());

  test("a tree with violations fails", () => {
    expect(code).toBe(1);
  });

  test.each(VIOLATIONS)("%s is found in %s", (rule, file) => {
    const folder = file.slice(0, file.lastIndexOf("/"));
    const at = file.endsWith("/attic/index.ts") ? folder : file;
    expect(lines.filter((line) => line.startsWith(`${rule}: ${at} `))).not.toEqual([]);
  });

  test.each(Object.keys(ALLOWED))("%s is allowed", (file) => {
    expect(lines.filter((line) => line.includes(`: ${file} `))).toEqual([]);
  });
});

// `npm test` has said so in its step `bounds` already.
test.runIf(isWhole)("the repository itself passes", () => {
  using tree = new SeededTree({});
  const { code, output } = tree.run("node", "scripts/check-bounds.ts");
  expect(output).toContain(" 0 violations");
  expect(code).toBe(0);
});

test("a cruise that saw less than nine tenths of the files is a failure", () => {
  const present = Array.from({ length: 10 }, (_, index) => `packages/kernel/src/${index}.ts`);
  expect(blindness(present, present)).toBeUndefined();
  expect(blindness(present, present.slice(1))).toBeUndefined();
  expect(blindness(present, present.slice(2))).toContain("only 8 of 10");
  expect(blindness([], [])).toContain("only 0 of 0");
});

test("a parser that sees no TypeScript is a failure", () => {
  using tree = new SeededTree({
    ".dependency-cruiser.mjs": `export default { forbidden: [], options: { includeOnly: "[.]mjs$" } };`,
  });
  const { code, output } = tree.run("node", "scripts/check-bounds.ts");
  expect(output).toContain("blind: only 0 of");
  expect(code).toBe(1);
});
