import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type HoldfastClient } from "@holdfast/client";
import { type ServerFile } from "@holdfast/protocol";
import { expect, vi } from "vitest";
import { HOLDFAST } from "../../../test/harness/program.ts";

/** How long anything here may take before the test says so, in ms. */
export const PATIENCE_MS = 120_000;

export type Result = { code: number | null; stdout: string; stderr: string };

export type Running = {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  ended: Promise<Result>;
};

/** A house of its own for commands: data, configuration and a project in a temporary directory, and nothing of the caller's environment. */
export function createHouse() {
  const root = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
  const dataDirectory = join(root, "data");
  const project = mkdtempSync(join(root, "project-"));
  const environment: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
    HOME: root,
    XDG_CONFIG_HOME: join(root, "config"),
    HOLDFAST_DATA_DIR: dataDirectory,
    HOLDFAST_PORT: "0",
    HOLDFAST_STOP_BUDGET: "1",
    // What starts one in the background has tests of its own, which end it.
    HOLDFAST_START_SERVER: "false",
  };
  const started = new Set<ChildProcess>();

  const start = (
    args: readonly string[],
    options: {
      env?: Record<string, string>;
      stdin?: string;
      isStdinOpen?: boolean;
      node?: string[];
      /** Another file than the one under test. */
      bin?: string;
    } = {},
  ): Running => {
    const child = spawn(process.execPath, [...(options.node ?? []), options.bin ?? HOLDFAST, ...args], {
      cwd: project,
      env: { ...environment, ...options.env },
    });
    started.add(child);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.on("error", () => undefined);
    if (options.isStdinOpen === true) child.stdin.write(options.stdin ?? "");
    else child.stdin.end(options.stdin ?? "");
    const ended = new Promise<Result>((resolve) => {
      child.on("close", (code) => {
        started.delete(child);
        resolve({ code, stdout, stderr });
      });
    });
    return { child, stdout: () => stdout, stderr: () => stderr, ended };
  };

  return {
    root,
    environment,
    bin: HOLDFAST,
    dataDirectory,
    project,
    configFile: join(root, "config", "holdfast", "config.jsonc"),
    start,
    run: (args: readonly string[], options?: Parameters<typeof start>[1]): Promise<Result> =>
      start(args, options).ended,
    /** Starts a server and waits until it listens. */
    async serve(
      env: Record<string, string> = {},
    ): Promise<Running & { url: string; client: HoldfastClient }> {
      const server = start(["serve"], { env });
      await vi.waitFor(() => expectText(server.stdout(), "listening on"), { timeout: PATIENCE_MS });
      const file = JSON.parse(readFileSync(join(dataDirectory, "server.json"), "utf8")) as ServerFile;
      const token = readFileSync(join(dataDirectory, "token"), "utf8").trim();
      return { ...server, url: file.url, client: createClient({ url: file.url, token }) };
    },
    /** Ends what still runs, gently first, and removes everything. */
    async close(): Promise<void> {
      const ends = [...started].map((child) => new Promise((resolve) => child.once("close", resolve)));
      for (const child of started) child.kill("SIGTERM");
      const hard = setTimeout(() => started.forEach((child) => child.kill("SIGKILL")), 10_000);
      await Promise.all(ends);
      clearTimeout(hard);
      if (existsSync(root)) rmSync(root, { recursive: true, force: true });
    },
  };
}

/** How a command ended, and what it said on either stream. */
export function expectRun({ code, stdout, stderr }: Result, wanted: number, text: string): void {
  expect(stdout + stderr).toContain(text);
  expect(code).toBe(wanted);
}

function expectText(text: string, part: string): void {
  if (!text.includes(part)) throw new Error(`Waiting for ${JSON.stringify(part)} in ${JSON.stringify(text)}`);
}
