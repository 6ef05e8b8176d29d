/**
 * Hooks of the user's: ES modules that the configuration names, run in this process. Each call is announced before and after, so that the server
 * can end a program whose hook never comes back, even one that blocks it, and say which (`HOOK_MS` of the wire). One that throws is an error of
 * the turn that names it.
 *
 *   export default ({ directory }) => ({
 *     "shell.env": (input, output) => { output.env.CI = "1"; },
 *   });
 */
import { pathToFileURL } from "node:url";
import type { HookParams } from "../wire.ts";
import { HOOK_NAMES, type HookModule, type HookName, type HookTable } from "./hook-table.ts";

export type HookPlace = { sessionId: string; directory: string; root: string };

export type Hooks = {
  /** Whether any module has this hook: what is only gathered for it may be left. */
  has(name: HookName): boolean;
  /** Runs them in the order of the configuration, each on what the one before left. Returns `output`. Rejects with a `HookError`. */
  run<Name extends HookName>(
    name: Name,
    input: HookTable[Name]["input"],
    output: HookTable[Name]["output"],
  ): Promise<HookTable[Name]["output"]>;
};

/** A hook threw, or a module of hooks could not be loaded. The message names it. */
export class HookError extends Error {
  constructor(name: string, cause: unknown) {
    super(`The hook ${name} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "HookError";
  }
}

/** Most characters of what is announced. */
const NAME_LENGTH = 256;

/** Without hooks nothing is announced and nothing is waited for. */
export const NO_HOOKS: Hooks = { has: () => false, run: (_name, _input, output) => Promise.resolve(output) };

/**
 * Loads modules by their absolute paths. Rejects with a `HookError` for the first one that cannot be loaded, is not a module of hooks, or has a
 * hook that does not exist. `announce` must leave the process at once: what follows may block it.
 */
export async function loadHooks(
  paths: readonly string[],
  { place, announce }: { place: HookPlace; announce: (params: HookParams) => void },
): Promise<Hooks> {
  let lastId = 0;
  const announced = async <Result>(name: string, call: () => Result | Promise<Result>): Promise<Result> => {
    const id = (lastId += 1);
    announce({ id, name: name.slice(0, NAME_LENGTH), at: "begin" });
    try {
      return await call();
    } catch (error) {
      throw new HookError(name, error);
    } finally {
      announce({ id, name: name.slice(0, NAME_LENGTH), at: "end" });
    }
  };
  const modules: { path: string; hooks: HookModule }[] = [];
  for (const path of paths) {
    const hooks = await announced(`load of ${path}`, () => loadModule(path, place));
    modules.push({ path, hooks });
  }
  return {
    has: (name) => modules.some(({ hooks }) => hooks[name] !== undefined),
    async run(name, input, output) {
      for (const { path, hooks } of modules) {
        const hook = hooks[name];
        if (hook !== undefined) await announced(`${name} of ${path}`, () => hook(input, output));
      }
      return output;
    },
  };
}

async function loadModule(path: string, place: HookPlace): Promise<HookModule> {
  const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  const made: unknown =
    typeof module.default === "function"
      ? await (module.default as (place: HookPlace) => unknown)(place)
      : module.default;
  if (typeof made !== "object" || made === null)
    throw new Error("its default export is neither an object of hooks nor a function that returns one");
  for (const [name, hook] of Object.entries(made)) {
    if (!(name in HOOK_NAMES))
      throw new Error(`there is no hook ${name}; there are ${Object.keys(HOOK_NAMES).join(", ")}`);
    if (typeof hook !== "function") throw new Error(`${name} is not a function`);
  }
  return made;
}
