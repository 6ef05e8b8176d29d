/** `holdfast doctor`: looks for trouble and changes nothing (D-38). Exit 0 when there is none, 1 with findings. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { isApiError } from "@holdfast/client";
import { askProgram } from "./ask-program.ts";
import { tokenFile } from "./connect.ts";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { DATABASE_FILE, findServer, OTHERS } from "./server-file.ts";

type Finding = { check: string; message: string };
type Report = {
  node: string;
  /** Absent when there is none. */
  git?: string;
  dataDirectory: string;
  server: { url: string; status: string; version?: string } | { status: "not running" };
  facts?: unknown;
  findings: Finding[];
};

const MINIMUM_MAJOR = 24;
/** The oldest git that can merge trees without a checkout. */
const OLDEST_GIT = [2, 38] as const;
/** How long git may take to say its version, in ms. */
const GIT_MS = 10_000;

export async function doctor(context: Context): Promise<ExitCode> {
  const { dataDirectory } = context.settings;
  const report: Report = {
    node: process.versions.node,
    dataDirectory,
    server: { status: "not running" },
    findings: [],
  };
  checkNode(report);
  await checkGit(report);
  checkRights(report, dataDirectory);
  checkRights(report, tokenFile(dataDirectory));
  const found = findServer(dataDirectory);
  if (context.settings.url !== undefined || found.state === "running") await checkServer(report, context);
  else if (found.state !== "none") find(report, "server", found.why);
  if (report.server.status === "not running") await checkFiles(report, dataDirectory);
  print(context, report);
  return report.findings.length === 0 ? EXIT.completed : EXIT.failed;
}

function checkNode(report: Report): void {
  if (Number(report.node.split(".")[0]) >= MINIMUM_MAJOR) return;
  find(report, "node", `Node ${report.node} is too old; ${MINIMUM_MAJOR} or newer is needed.`);
}

/** As the server would find it on this PATH. */
async function checkGit(report: Report): Promise<void> {
  const said = await askProgram(["git", "version"], GIT_MS);
  const [, version, major, minor] = /((\d+)\.(\d+)[.\d]*)/.exec("text" in said ? said.text : "") ?? [];
  if (version === undefined) {
    const message = `There is no git program on PATH that works. Without it there are no worktrees, and what agents change is not followed. Install git ${OLDEST_GIT.join(".")} or newer.`;
    return find(report, "git", message);
  }
  report.git = version;
  const [oldMajor, oldMinor] = OLDEST_GIT;
  if (Number(major) < oldMajor || (Number(major) === oldMajor && Number(minor) < oldMinor))
    find(report, "git", `git ${version} is too old; ${OLDEST_GIT.join(".")} or newer is needed.`);
}

function checkRights(report: Report, path: string): void {
  if (process.platform === "win32" || !existsSync(path)) return;
  const mode = statSync(path).mode & 0o777;
  if ((mode & OTHERS) !== 0)
    find(report, "rights", `${path} is open to other users (mode ${mode.toString(8)}).`);
}

async function checkServer(report: Report, context: Context): Promise<void> {
  const { client, url } = context.connect({ retries: 0, requestTimeoutMs: 5_000 });
  try {
    const { status, version } = await client.health();
    report.server = { url, status, version };
    if (status !== "ok") find(report, "server", `The server at ${url} is ${status}.`);
  } catch (error) {
    find(report, "server", `A server should run at ${url}, but: ${(error as Error).message}`);
    return;
  }
  try {
    report.facts = await client.diagnostics();
    addFacts(report, report.facts);
  } catch (error) {
    if (!isApiError(error, "NOT_FOUND")) find(report, "diagnostics", (error as Error).message);
  }
}

/** Without a server the files are looked at directly, under the directory's lock. */
async function checkFiles(report: Report, dataDirectory: string): Promise<void> {
  if (!existsSync(join(dataDirectory, DATABASE_FILE))) return;
  const { inspectDataDirectory } = await import("@holdfast/server");
  try {
    report.facts = await inspectDataDirectory(dataDirectory);
    addFacts(report, report.facts);
  } catch (error) {
    find(report, "store", (error as Error).message);
  }
}

/** Each list of complaints becomes findings under its name. */
function addFacts(report: Report, facts: unknown): void {
  if (typeof facts !== "object" || facts === null) return;
  for (const check of ["integrity", "foreignKeys", "drift", "stuckTurns", "leftoverProcesses"]) {
    const complaints: unknown = (facts as Record<string, unknown>)[check];
    if (!Array.isArray(complaints)) continue;
    for (const complaint of complaints) find(report, check, String(complaint));
  }
}

function find(report: Report, check: string, message: string): void {
  report.findings.push({ check, message });
}

function print(context: Context, report: Report): void {
  const { output } = context;
  if (context.isJson) return output.json(report);
  const { server } = report;
  output.table([
    ["node", report.node],
    ["git", report.git ?? "none"],
    ["data directory", report.dataDirectory],
    [
      "server",
      "url" in server
        ? `${server.status} at ${server.url}, version ${server.version ?? "unknown"}`
        : server.status,
    ],
  ]);
  for (const { check, message } of report.findings)
    output.line(`${output.out.red("✗")} ${check}: ${message}`);
  if (report.findings.length === 0) output.line(`${output.out.green("✓")} no findings`);
}
