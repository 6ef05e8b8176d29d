import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@holdfast/kernel";
import { afterEach, expect, test, vi } from "vitest";
import { EmbeddedShare, type EmbeddedShareOptions, portToTry, shareEnvironment } from "./embedded-share.ts";

const program = join(import.meta.dirname, "../../test/fixture/share-program.ts");

type Start = { args: string[]; execArgv: string[]; environment: Record<string, string>; pid: number };

const started: EmbeddedShare[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const service of started.splice(0)) await service.stop();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function directoryWith(plan?: string): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-embedded-"));
  directories.push(directory);
  if (plan !== undefined) {
    mkdirSync(join(directory, "share"));
    writeFileSync(join(directory, "share", "plan"), plan);
  }
  return directory;
}

function embedded(directory: string, options: Partial<EmbeddedShareOptions> = {}): EmbeddedShare {
  const service = new EmbeddedShare({
    program,
    directory,
    port: 0,
    environment: { PATH: process.env["PATH"], HOLDFAST_TOKEN: "t".repeat(40), OPENAI_API_KEY: "sk-x" },
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
  started.push(service);
  return service;
}

const startsIn = (directory: string): Start[] =>
  readFileSync(join(directory, "share", "starts"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Start);

test("[S-29] the service beside a server is a process of its own with a heap limit, and without a credential of Holdfast", async () => {
  const directory = directoryWith();
  const service = embedded(directory);
  service.resume();
  expect(existsSync(join(directory, "share"))).toBe(false);
  expect(await service.origin()).toBe("http://127.0.0.1:45000");
  const [start] = startsIn(directory);
  expect(start?.pid).not.toBe(process.pid);
  expect(start?.execArgv).toContainEqual(expect.stringMatching(/^--max-old-space-size=\d+$/));
  expect(start?.args).toContain(join(directory, "share"));
  expect(start?.environment["HOLDFAST_SHARE_KEYS"]).toBe(service.key);
  const names = Object.keys(start?.environment ?? {});
  expect(names).not.toContain("HOLDFAST_TOKEN");
  expect(names).not.toContain("OPENAI_API_KEY");
  expect(statSync(join(directory, "share-service.json")).mode & 0o777).toBe(0o600);
});

test("[S-29] it starts again after it ended, at the same place, and ends when its server does", async () => {
  const directory = directoryWith("crash");
  const service = embedded(directory);
  service.resume();
  expect(await service.origin()).toBe("http://127.0.0.1:45000");
  await vi.waitFor(() => expect(startsIn(directory)).toHaveLength(2));
  expect(await service.origin()).toBe("http://127.0.0.1:45000");
  expect(startsIn(directory)[1]?.environment["HOLDFAST_SHARE_PORT"]).toBe("45000");
  expect(service.isOwn("http://127.0.0.1:45000")).toBe(true);
  expect(service.isOwn("http://127.0.0.1:4680")).toBe(false);
  await service.stop();
  await expect(service.origin()).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  const next = embedded(directory);
  expect(next.key).toBe(service.key);
  next.resume();
  await vi.waitFor(() => expect(startsIn(directory)).toHaveLength(3));
});

test("[S-29] whoever waits for it gets it also when its first tries failed", async () => {
  const directory = directoryWith("conflict\ndie");
  expect(await embedded(directory).origin()).toBe("http://127.0.0.1:45000");
  expect(startsIn(directory)).toHaveLength(3);
});

test("[S-29] it does not outlive its server: it ends with its standard input", async () => {
  const directory = directoryWith();
  const service = embedded(directory);
  await service.origin();
  await service.stop();
  // Either the end of the input or the signal came first; what counts is that nothing is left.
  const { pid } = startsIn(directory)[0] ?? { pid: 0 };
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test.each([
  [{ chosen: 4700, last: 45000, conflicts: 3 }, 4700],
  [{ chosen: undefined, last: undefined, conflicts: 0 }, 4681],
  [{ chosen: undefined, last: undefined, conflicts: 1 }, 0],
  [{ chosen: 0, last: undefined, conflicts: 0 }, 0],
  [{ chosen: 0, last: 45000, conflicts: 0 }, 45000],
  [{ chosen: undefined, last: 4681, conflicts: 9 }, 4681],
  [{ chosen: undefined, last: 4681, conflicts: 10 }, 0],
])("[S-1] links keep their port as long as it can be had: %j", (facts, port) => {
  expect(portToTry(facts)).toBe(port);
});

test("[S-29] of its environment the service gets what is named for it, and no key of a service elsewhere", () => {
  const environment = {
    PATH: "/bin",
    LC_ALL: "C",
    HOLDFAST_TOKEN: "x",
    HOLDFAST_SHARE_KEY: "y",
    HOLDFAST_SHARE_HOST: "::1",
    HOLDFAST_SHARE_KEYS: "theirs",
    AWS_SECRET_ACCESS_KEY: "z",
    NODE_OPTIONS: "--inspect",
  };
  expect(shareEnvironment(environment, { HOLDFAST_SHARE_KEYS: "ours" })).toEqual({
    PATH: "/bin",
    LC_ALL: "C",
    HOLDFAST_SHARE_HOST: "::1",
    HOLDFAST_SHARE_KEYS: "ours",
  });
});
