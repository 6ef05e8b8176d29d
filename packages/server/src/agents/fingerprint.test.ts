import { mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AgentDefinition, NO_QUIRKS } from "./catalog/index.ts";
import { processFingerprint } from "./fingerprint.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-fingerprint-"));
  await writeFile(join(directory, "one"), "1");
  await writeFile(join(directory, "two"), "22");
  await symlink(join(directory, "one"), join(directory, "program"));
});
afterEach(() => rm(directory, { recursive: true }));

const definition = (more: Partial<AgentDefinition> = {}): AgentDefinition => ({
  id: "a",
  name: "A",
  backend: "acp",
  argv: [join(directory, "program"), "--acp"],
  environment: { inherit: "user" },
  quirks: NO_QUIRKS,
  ...more,
});

describe("[A-7] the process fingerprint", () => {
  test("[A-7] is the same for the same program, whatever it is called and whatever its variables hold", async () => {
    const one = await processFingerprint(definition(), { A: "1", B: "2" });
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(
      await processFingerprint(definition({ name: "B", version: "9" }), { B: "other", A: "secret" }),
    ).toBe(one);
  });

  test("[A-7] is the same when something is written into a directory that an argument names", async () => {
    const named = definition({ argv: [join(directory, "program"), directory] });
    const before = await processFingerprint(named, {});
    await writeFile(join(directory, "three"), "3");
    await utimes(directory, 1, 1);
    expect(await processFingerprint(named, {})).toBe(before);
  });

  test.each<[string, () => AgentDefinition | Promise<AgentDefinition>, Record<string, string>]>([
    ["another argument", () => definition({ argv: [join(directory, "program"), "--other"] }), { A: "1" }],
    ["another variable", () => definition(), { A: "1", B: "2" }],
    [
      "a variable of its own",
      () => definition({ environment: { inherit: "user", set: { KEY: "x" } } }),
      { A: "1" },
    ],
    ["a minimal environment", () => definition({ environment: { inherit: "minimal" } }), { A: "1" }],
    [
      "a program that was replaced",
      async () => {
        await rm(join(directory, "program"));
        await symlink(join(directory, "two"), join(directory, "program"));
        return definition();
      },
      { A: "1" },
    ],
    [
      "a program that was written again",
      async () => {
        await utimes(join(directory, "one"), 1, 1);
        return definition();
      },
      { A: "1" },
    ],
    [
      "a program that is gone",
      async () => {
        await rm(join(directory, "one"));
        return definition();
      },
      { A: "1" },
    ],
  ])("[A-7] changes with %s", async (_name, change, environment) => {
    const before = await processFingerprint(definition(), { A: "1" });
    expect(await processFingerprint(await change(), environment)).not.toBe(before);
  });
});
