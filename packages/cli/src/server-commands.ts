/** The server of the data directory, from outside: started in the background, stopped, looked at, its log read (I-24). */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerFile } from "@holdfast/protocol";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { ago, moment, oneLine, span } from "./output.ts";
import { findHolder, findServer, isRunning } from "./server-file.ts";
import { logFileOf, startServer } from "./start-server.ts";

/** How long a server may take to stop, in ms: the grace that its turns have (10 s unless configured, at most 10 min), and closing. */
export const STOP_MS = 630_000;
const LOOK_MS = 50;
/** How often a followed log is looked at, in ms. */
const FOLLOW_MS = 200;

/** `serve --detach`: starts a server in the background and answers when it listens; one that runs already will do. */
export async function detach(context: Context, given: readonly string[]): Promise<ExitCode> {
  const { dataDirectory } = context.settings;
  const found = findServer(dataDirectory);
  const wasRunning = found.state === "running";
  if (wasRunning && given.length > 0)
    throw new CliError(
      EXIT.conflict,
      `A server runs already at ${found.file.url}; ${given.join(" ")} can hold after \`holdfast stop\`.`,
    );
  const { url, pid } = await startServer(dataDirectory, context.flags, given);
  if (context.isJson) context.output.json({ url, pid, started: !wasRunning });
  else context.output.line(`holdfast ${wasRunning ? "was listening already" : "listening"} on ${url}`);
  return EXIT.completed;
}

/** Ends the server as a signal does: running turns get their grace. Without one it is done already. `force` kills it; what it acknowledged is on disk. */
export async function stop(context: Context, flags: { force?: boolean }): Promise<ExitCode> {
  const { dataDirectory } = context.settings;
  if (context.settings.url !== undefined)
    throw new CliError(
      EXIT.usage,
      "Only the server of a data directory can be stopped, not one that is named.",
    );
  const found = findServer(dataDirectory);
  if (found.state === "unusable") throw new CliError(EXIT.unreachable, found.why);
  const holder = findHolder(dataDirectory);
  if (holder === undefined) {
    tell(context, `No server is running for ${dataDirectory}.`, { stopped: false });
    return EXIT.completed;
  }
  if (flags.force === true) signal(holder.pid, "SIGKILL");
  const deadline = performance.now() + STOP_MS;
  let isPatient = true;
  let isTold = flags.force === true;
  while (isRunning(holder)) {
    // One that starts is told when it listens; one that stops already would take a second signal for impatience (D-21).
    if (!isTold && findServer(dataDirectory).state === "running") {
      signal(holder.pid, "SIGTERM");
      isTold = true;
    }
    const left = deadline - performance.now();
    if (left < 0)
      throw new CliError(EXIT.timeout, "The server still runs. `holdfast stop --force` kills it.");
    if (isPatient && left < STOP_MS - 1_000) {
      isPatient = false;
      context.output.note(
        `Waiting for ${isTold ? "running turns to end" : "the server, which starts or stops"}; \`holdfast stop --force\` does not wait.`,
      );
    }
    await sleep(LOOK_MS);
  }
  const url = found.state === "running" ? { url: found.file.url } : {};
  tell(context, `Stopped the server ${url.url === undefined ? `of ${dataDirectory}` : `at ${url.url}`}.`, {
    stopped: true,
    ...url,
  });
  return EXIT.completed;
}

function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended a moment ago.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Whether a server runs, where, since when, and what lives in it. Exit 6 when none does. */
export async function status(context: Context): Promise<ExitCode> {
  const { dataDirectory, url: named } = context.settings;
  const found = findServer(dataDirectory);
  if (named === undefined && found.state !== "running") {
    const holder = findHolder(dataDirectory);
    const why =
      holder !== undefined
        ? `Process ${holder.pid} starts or stops one.`
        : found.state === "none"
          ? ""
          : found.why;
    if (context.isJson)
      context.output.json({ running: false, dataDirectory, ...(why === "" ? {} : { why }) });
    else context.output.line(`No server is running for ${dataDirectory}.${why === "" ? "" : ` ${why}`}`);
    return EXIT.unreachable;
  }
  const { client, url } = context.connect({ retries: 0 });
  const [health, agents, live, permissions, questions] = await Promise.all([
    client.health(),
    client.listAgents(),
    client.listLiveAgents(),
    client.listPermissions({ state: "pending" }),
    client.listQuestions({ state: "pending" }),
  ]);
  const file = named === undefined && found.state === "running" ? found.file : undefined;
  const facts = {
    running: true,
    status: health.status,
    url,
    version: health.version,
    ...(file === undefined ? {} : processFacts(dataDirectory, file)),
    liveAgents: live.items.length,
    waitingRequests: permissions.total + questions.total,
    limits: agents.items.flatMap(({ id, limit }) => (limit === undefined ? [] : [{ agent: id, ...limit }])),
  };
  if (context.isJson) {
    context.output.json(facts);
    return EXIT.completed;
  }
  context.output.table([
    ["server", `${health.status} at ${url}, version ${health.version}`],
    ...(file === undefined
      ? []
      : [
          ["process", `${file.pid}, started ${ago(file.startTime, Date.now())}`],
          ["data directory", dataDirectory],
          ["log", logFileOf(dataDirectory)],
        ]),
    ["agents alive", String(live.items.length)],
    ["waiting for you", facts.waitingRequests === 0 ? "nothing" : String(facts.waitingRequests)],
    ...facts.limits.map(({ agent, until }) => [
      "usage limit",
      `${agent}, until ${moment(until)}, for ${span(until - Date.now())}`,
    ]),
  ]);
  return EXIT.completed;
}

const processFacts = (dataDirectory: string, { pid, startTime }: ServerFile) => ({
  pid,
  startTime,
  dataDirectory,
  log: logFileOf(dataDirectory),
});

/** The last lines of the log of a server in the background, and with `follow` what it goes on to say. */
export async function logs(context: Context, flags: { lines: number; follow?: boolean }): Promise<ExitCode> {
  const path = logFileOf(context.settings.dataDirectory);
  if (!existsSync(path) && flags.follow !== true)
    throw new CliError(
      EXIT.notFound,
      `There is no ${path}. A server that runs in a terminal, or in a container, logs there.`,
    );
  let from = await printTail(context, path, flags.lines);
  while (flags.follow === true) {
    await sleep(FOLLOW_MS);
    const size = sizeOf(path);
    // It was put aside, and began anew.
    if (size < from) from = 0;
    from = await printFrom(context, path, from, size);
  }
  return EXIT.completed;
}

/** Prints the last lines, and answers where the file ended. */
async function printTail(context: Context, path: string, lines: number): Promise<number> {
  const size = sizeOf(path);
  const last: string[] = [];
  for await (const line of linesOf(path, 0, size)) {
    last.push(line);
    if (last.length > lines) last.shift();
  }
  for (const line of last) print(context, line);
  return size;
}

async function printFrom(context: Context, path: string, from: number, to: number): Promise<number> {
  for await (const line of linesOf(path, from, to)) print(context, line);
  return to;
}

/** Lines are written whole, so that a look never ends within one. */
async function* linesOf(path: string, from: number, to: number): AsyncIterable<string> {
  if (from < to)
    yield* createInterface({
      input: createReadStream(path, { start: from, end: to - 1 }),
      crlfDelay: Infinity,
    });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

const LEVELS: Readonly<Record<number, string>> = { 20: "debug", 30: "info", 40: "warn", 50: "error" };

type LogLine = { level: number; time: number; msg?: string; [field: string]: unknown };

/** A line as it is for a program; for people time, level, what happened, and its fields. */
function print(context: Context, line: string): void {
  const entry = context.isJson ? undefined : entryOf(line);
  if (entry === undefined) return context.output.line(context.isJson ? line : oneLine(line, line.length));
  const { level, time, msg = "", ...fields } = entry;
  const words = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const head = `${new Date(time).toISOString()} ${(LEVELS[level] ?? String(level)).padEnd(5)}`;
  const text = [msg, ...words].join(" ");
  context.output.line(`${head} ${oneLine(text, text.length)}`);
}

const isDate = (time: number): boolean => !Number.isNaN(new Date(time).getTime());

function entryOf(line: string): LogLine | undefined {
  try {
    const value = JSON.parse(line) as Partial<LogLine> | null;
    return typeof value?.level === "number" && typeof value.time === "number" && isDate(value.time)
      ? (value as LogLine)
      : undefined;
  } catch {
    return undefined;
  }
}

function tell(context: Context, text: string, facts: object): void {
  if (context.isJson) context.output.json(facts);
  else context.output.line(text);
}
