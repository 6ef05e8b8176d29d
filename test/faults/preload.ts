/**
 * Preloaded into the server (`--import`); works in its writer thread alone. Counts the statements of every command (`finalizeTurn#7`) and the commits behind it, and lets one of
 * them fail. `FAULT_RECORD`: a file that gets the name of each point when it is first passed. `FAULT_PLANS`: a JSON object of points and what happens at the first passage of each,
 * `kill`, `full`, `busy` or `ioerr`. The program itself has no seam for this and pays nothing.
 */
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { StatementSync } from "node:sqlite";
import { isMainThread } from "node:worker_threads";

/** Primary result codes of SQLite that node:sqlite would give. */
const CODES: Readonly<Record<string, { errcode: number; message: string }>> = {
  full: { errcode: 13, message: "database or disk is full" },
  busy: { errcode: 5, message: "database is locked" },
  ioerr: { errcode: 10, message: "disk I/O error" },
};

const { FAULT_RECORD: record, FAULT_PLANS: plans = "{}" } = process.env;

const seen = new Set<string>();
const planned = new Map(Object.entries(JSON.parse(plans) as Record<string, string>));
let command: string | undefined;
let last: string | undefined;
let statement = 0;

/** Passes a named point; a planned one breaks. */
function passPoint(name: string): void {
  const kind = planned.get(name);
  if (record !== undefined && !seen.has(name)) {
    seen.add(name);
    appendFileSync(record, `${name}\n`);
  }
  if (kind === undefined) return;
  planned.delete(name);
  const failure = CODES[kind];
  if (failure === undefined) process.kill(process.pid, "SIGKILL");
  else throw Object.assign(new Error(failure.message), { code: "ERR_SQLITE_ERROR", ...failure });
}

/** Called by the command module, which `load` below changes so. */
function runAs(name: string, work: () => unknown): unknown {
  const outer = command;
  command = name;
  last = name;
  statement = 0;
  try {
    return work();
  } finally {
    command = outer;
  }
}

type Method = (this: StatementSync, ...values: unknown[]) => unknown;

function watch(name: "run" | "get" | "all"): void {
  const methods = StatementSync.prototype as unknown as Record<string, Method>;
  const real = methods[name];
  if (real === undefined) throw new Error(`node:sqlite has no ${name}.`);
  methods[name] = function watched(...values) {
    if (command !== undefined) {
      statement += 1;
      passPoint(`${command}#${statement}`);
      return real.apply(this, values);
    }
    const isCommit = last !== undefined && this.sourceSQL === "COMMIT";
    if (!isCommit) return real.apply(this, values);
    const behind = last;
    passPoint(`${behind}#commit`);
    const result = real.apply(this, values);
    passPoint(`${behind}#committed`);
    last = undefined;
    return result;
  };
}

if (!isMainThread && (record !== undefined || planned.size > 0)) {
  for (const name of ["run", "get", "all"] as const) watch(name);
  Object.assign(globalThis, { holdfastRunAs: runAs });
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!/\/(?:store\/sqlite|lib)\/command-module\.[jt]s$/.test(url) || loaded.source == null)
        return loaded;
      const text =
        typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
      const wrap = `
for (const [name, command] of Object.entries(commandModule.commands))
  commandModule.commands[name] = (...args) => globalThis.holdfastRunAs(name, () => command(...args));
`;
      return { ...loaded, source: `${text}\n${wrap}` };
    },
  });
}
