/**
 * Preloaded into the server (`--import`); watches what the native agent's programs say to it. Each message is a point, named by what it says and how often that was said before
 * (`say.tool.running#2`). `NATIVE_RECORD`: a file that gets the name of each. `NATIVE_PLAN`: a point and what happens there, `<point> program` or `<point> server`: the program dies
 * once the server has the message, or the server before it has.
 */
import childProcess, { type ChildProcess } from "node:child_process";
import { appendFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { isMainThread } from "node:worker_threads";

const { NATIVE_RECORD: record, NATIVE_PLAN: plan = "" } = process.env;
const [planned, victim] = plan.split(" ");

type Said = { type?: string; update?: { status?: string }; told?: { type?: string }; isDone?: boolean };
type Message = { method?: string; params?: unknown };

const passed = new Map<string, number>();

/** What a message is, for somebody who reads the list of points; undefined for answers. */
function namesOf({ method, params }: Message): string[] {
  if (method === undefined) return [];
  if (method !== "say") return [method];
  const told = params as { events?: Said[] } | Said[];
  const events = Array.isArray(told) ? told.flat() : (told.events ?? []);
  return events.map(({ type, update, told: child, isDone }) =>
    ["say", type, update?.status, child?.type, isDone === true ? "done" : undefined]
      .filter((word) => word !== undefined)
      .join("."),
  );
}

/** Passes the points of one message; answers whether the planned one is among them. */
function pass(message: Message): boolean {
  let isPlanned = false;
  for (const name of namesOf(message)) {
    const count = (passed.get(name) ?? 0) + 1;
    passed.set(name, count);
    const point = `${name}#${count}`;
    if (record !== undefined) appendFileSync(record, `${point}\n`);
    isPlanned ||= point === planned;
  }
  return isPlanned;
}

/** Reads the frames of a program's output beside the server. */
function watch(child: ChildProcess): void {
  const { stdout } = child;
  if (stdout === null) return;
  let held = Buffer.alloc(0);
  const emit = stdout.emit.bind(stdout);
  stdout.emit = (event: string, ...values: unknown[]): boolean => {
    const [chunk] = values;
    if (event !== "data" || !(chunk instanceof Uint8Array)) return emit(event, ...values);
    held = Buffer.concat([held, chunk]);
    let isPlanned = false;
    for (let frame = nextFrame(); frame !== undefined; frame = nextFrame()) isPlanned ||= pass(frame);
    if (isPlanned && victim === "server") process.kill(process.pid, "SIGKILL");
    const isHeard = emit(event, ...values);
    if (isPlanned) child.kill("SIGKILL");
    return isHeard;
  };
  function nextFrame(): Message | undefined {
    const head = /^(?:[^\r\n]+\r\n)*?Content-Length: (\d+)\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(
      held.toString("latin1"),
    );
    if (head === null) return undefined;
    const [from, length] = [head[0].length, Number(head[1])];
    if (held.length < from + length) return undefined;
    const text = held.subarray(from, from + length).toString("utf8");
    held = held.subarray(from + length);
    return JSON.parse(text) as Message;
  }
}

if (isMainThread && (record !== undefined || planned !== undefined)) {
  const real = childProcess.spawn;
  childProcess.spawn = ((...args: Parameters<typeof real>): ChildProcess => {
    const child = real(...args);
    const [program, given] = args;
    const words = [program, ...(Array.isArray(given) ? (given as unknown[]) : [])].map(String);
    if (words.some((word) => /\/native\/(?:bin|lib)\/native\.js$|\/native\.js$/.test(word))) watch(child);
    return child;
  }) as typeof real;
  syncBuiltinESMExports();
}
