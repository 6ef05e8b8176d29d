import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseProcessStat, type ServerFile } from "@holdfast/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findServer } from "./server-file.ts";

const STRANGER = 54_321;

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-file-"));
  path = join(directory, "server.json");
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true });
});

const mine = (): ServerFile => ({
  url: "http://127.0.0.1:4680",
  pid: process.pid,
  ...(process.platform === "linux"
    ? { processStart: parseProcessStat(readFileSync("/proc/self/stat", "latin1"))?.startTime ?? "" }
    : {}),
  startTime: 1,
  key: "a".repeat(64),
});
const whyUnusable = (): string => {
  const found = findServer(directory);
  return found.state === "unusable" ? found.why : `it is ${found.state}`;
};
const write = (file: object): void => writeFileSync(path, JSON.stringify(file), { mode: 0o600 });

test.each(["http://127.0.0.1:4680", "http://[::1]:80", "http://box.lan:65535"])(
  "[I-6] %s of a process that lives is a server's file",
  (url) => {
    write({ ...mine(), url });
    expect(findServer(directory)).toMatchObject({ state: "running", file: { url } });
  },
);

test.each([
  "https://127.0.0.1:4680",
  "http://127.0.0.1:4680@evil.test:80",
  "http://user:word@127.0.0.1:4680",
  "http://127.0.0.1:4680/path",
  "http://127.0.0.1:4680?a=b",
  "http://127.0.0.1:4680#a",
  "http://127.0.0.1",
  "http://127.0.0.1:99999",
  "http://evil.test\\@127.0.0.1:4680",
  "http://127.0.0.1:4680\n",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "",
])("[I-6] %j is no server's address", (url) => {
  write({ ...mine(), url });
  expect(findServer(directory).state).toBe("unusable");
});

test("[I-6] a file without a key, of too many bytes, or that is no JSON is unusable, none is none", () => {
  expect(findServer(directory)).toEqual({ state: "none" });
  const { key: _key, ...keyless } = mine();
  write(keyless);
  expect(findServer(directory).state).toBe("unusable");
  write({ ...mine(), more: "x".repeat(5_000) });
  expect(findServer(directory).state).toBe("unusable");
  writeFileSync(path, "{");
  expect(findServer(directory).state).toBe("unusable");
});

test.each([0o660, 0o606, 0o604, 0o640, 0o777])("[I-6] a file of mode %o is open to others", (mode) => {
  write(mine());
  chmodSync(path, mode);
  expect(whyUnusable()).toContain(mode.toString(8));
});

test("[I-6] another user's file, a link and a directory are not trusted", () => {
  write(mine());
  if (process.getuid?.() === 0) chownSync(path, STRANGER, STRANGER);
  else vi.spyOn(process as Required<NodeJS.Process>, "getuid").mockReturnValue(STRANGER);
  expect(whyUnusable()).toContain("another user");
  vi.restoreAllMocks();
  rmSync(path);
  writeFileSync(join(directory, "other"), JSON.stringify(mine()), { mode: 0o600 });
  symlinkSync("other", path);
  expect(findServer(directory).state).toBe("unusable");
  rmSync(path);
  mkdirSync(path, { mode: 0o700 });
  expect(findServer(directory).state).toBe("unusable");
});

test("[I-6] a process that ended, and another one that has its pid by now", () => {
  const ended = Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }));
  const { processStart: _start, ...file } = mine();
  write({ ...file, pid: ended });
  expect(findServer(directory).state).toBe("ended");
  write(file);
  expect(findServer(directory).state).toBe("running");
  if (process.platform !== "linux") return;
  write({ ...file, processStart: "1" });
  expect(findServer(directory).state).toBe("ended");
});
