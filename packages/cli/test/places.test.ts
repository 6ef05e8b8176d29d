/** Where the command and the server keep things, by the environment (I-12), and what of a directory's sessions is listed. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionList } from "@holdfast/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createHouse } from "./command.ts";

/** A server starts in a second; on a busy machine it may take a while. */
const START_MS = 120_000;

let house: ReturnType<typeof createHouse>;
beforeEach(() => {
  house = createHouse();
});
afterEach(() => house.close());

const doctor = async (env: Record<string, string>) => {
  const { stdout } = await house.run(["doctor", "--json"], { env });
  return JSON.parse(stdout) as { dataDirectory: string; findings: { check: string; message: string }[] };
};

describe("[I-12] places", () => {
  test("[I-12] relative and empty ones never mean the current directory", async () => {
    for (const [given, ...args] of [
      ["data", "session", "list"],
      ["./data", "serve"],
    ] as const) {
      const { code, stderr } = await house.run(args, { env: { HOLDFAST_DATA_DIR: given } });
      expect([code, stderr]).toEqual([2, expect.stringMatching(/HOLDFAST_DATA_DIR is .*absolute path/)]);
    }
    const none = { HOLDFAST_DATA_DIR: "", XDG_DATA_HOME: "share", XDG_CONFIG_HOME: "config" };
    expect((await doctor(none)).dataDirectory).toBe(join(house.root, ".local", "share", "holdfast"));
    for (const home of ["", "me"])
      expect((await doctor({ ...none, HOME: home })).dataDirectory).toMatch(/^\/.*\/holdfast$/);

    const server = house.start(["serve"], { env: none });
    await vi.waitFor(() => expect(server.stdout()).toContain("listening on"), { timeout: START_MS });
    const elsewhere = await house.run(["session", "list", "--json"], { env: none });
    expect(JSON.parse(elsewhere.stdout)).toEqual({ items: [], total: 0 });
    expect(readdirSync(house.project)).toEqual([]);
  });

  test("[I-12] a home or a directory for temporary files that is none is said before anything starts", async () => {
    const file = join(house.root, "a-file");
    writeFileSync(file, "");
    for (const [env, words] of [
      [{ TMPDIR: "tmp" }, /TMPDIR is "tmp"; it needs the absolute path of a directory/],
      [{ TMPDIR: join(house.root, "gone") }, /TMPDIR is .*gone/],
      [{ TMPDIR: file }, /TMPDIR is .*a-file/],
      [{ HOME: file, HOLDFAST_DATA_DIR: "" }, /data directory .*a-file.* cannot be used/],
    ] as const) {
      const { code, stderr } = await house.run(["serve"], { env });
      expect([code, stderr]).toEqual([2, expect.stringMatching(words)]);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });

  test("[D-38, W-14] doctor says that there is no git, or one that does not work or is too old", async () => {
    const bin = join(house.root, "bin");
    mkdirSync(bin);
    const git = (text: string) => writeFileSync(join(bin, "git"), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const found = async () => (await doctor({ PATH: bin })).findings;
    expect(await found()).toMatchObject([
      { check: "git", message: expect.stringMatching(/no git program/) as unknown },
    ]);
    git("exit 1");
    expect(await found()).toMatchObject([
      { check: "git", message: expect.stringMatching(/no git program/) as unknown },
    ]);
    git("echo git version 2.30.2");
    expect(await found()).toMatchObject([
      { check: "git", message: expect.stringMatching(/2\.30\.2 is too old/) as unknown },
    ]);
    git("echo 'git version 2.51.0 (Apple Git-999)'");
    expect(await found()).toEqual([]);
  });
});

describe("[I-9] sessions of a directory", () => {
  test("[I-9, W-1] are those of its worktrees too, by any name that the directory has", async () => {
    await house.serve();
    const project = join(house.root, "repository");
    mkdirSync(project);
    const env = { PATH: house.environment["PATH"], HOME: house.root, GIT_CONFIG_NOSYSTEM: "1" };
    for (const args of [
      ["init", "-q"],
      ["commit", "-q", "--allow-empty", "-m", "first"],
    ])
      execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@example.invalid", ...args], {
        cwd: project,
        env,
      });
    symlinkSync(project, join(house.root, "link"));
    const make = async (...more: string[]): Promise<string> => {
      const args = ["session", "new", "-a", "rehearsal", "-C", project, ...more];
      return (await house.run(args)).stdout.trim();
    };
    const ids = [await make(), await make("--worktree")];
    const elsewhere = (
      await house.run(["session", "new", "-a", "rehearsal", "-C", house.project])
    ).stdout.trim();
    const listed = async (directory: string) => {
      const { stdout } = await house.run(["session", "list", "-C", directory, "--json"]);
      return (JSON.parse(stdout) as SessionList).items;
    };
    for (const directory of [project, join(house.root, "link"), `${project}/`])
      expect((await listed(directory)).map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    const inWorktree = (await listed(project)).find(({ directory }) => directory !== project);
    expect((await listed(inWorktree?.directory ?? "")).map(({ id }) => id)).toEqual([inWorktree?.id]);
    expect((await listed(".")).map(({ id }) => id)).toEqual([elsewhere]);
  });
});
