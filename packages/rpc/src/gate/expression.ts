/**
 * Which expressions of capnweb come through (S-12): literals, escaped arrays, `undefined`, `date`, `bytes`, `error`, and what was named before (`pipeline`,
 * `import`) as the target of a call or as an argument. Everything else is refused: maps, promises and stubs of the peer, streams, requests.
 *
 *   push      ["push", ["pipeline", id, [method], [argument, ...]]]       a call
 *             ["push", ["pipeline", id, [name, ...]]]                     a value that is read
 *   argument  {..} | "text" | 1 | true | null | [[argument, ...]] | ["date", ms] | ["pipeline", id, [name, ...]] | ...
 *
 * An array in an expression is a tag with its parameters unless its only element is an array: that one is data, and what stands first in it is no tag.
 */
import { RPC_LIMITS } from "../limits.ts";
import { Refusal } from "./refusal.ts";

/** What a push names: `uses` are the ids of results and stubs, of its target first. */
export type Root = { uses: number[]; method: string | undefined };

const NAME = /^[A-Za-z][A-Za-z0-9]{0,63}$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const BYTES_OF = new Set(["ArrayBuffer", "Uint8Array"]);

/** What a push may hold: a call of one of these methods, or a value that is read. Throws Refusal. */
export function admitRoot(expression: unknown, methods: ReadonlySet<string>): Root {
  if (!Array.isArray(expression) || !isReference(expression[0]))
    throw new Refusal("A push calls a method, or reads a value.");
  const [, target, path, args] = expression as unknown[];
  const uses = [idOf(target)];
  if (expression.length <= 3) {
    admitPath(path);
    return { uses, method: undefined };
  }
  const method = Array.isArray(path) && path.length === 1 ? (path[0] as unknown) : undefined;
  if (typeof method !== "string" || !methods.has(method)) throw new Refusal("Nothing here has this method.");
  if (expression.length > 4 || !Array.isArray(args) || args.length > RPC_LIMITS.callArguments)
    throw new Refusal(`A call has at most ${RPC_LIMITS.callArguments} arguments.`);
  for (const argument of args as unknown[]) admitValue(argument, uses, 0);
  return { uses, method };
}

/** A value without anything that stands for something else: what answers a write of a stream. Throws Refusal. */
export function admitData(expression: unknown): void {
  admitValue(expression, undefined, 0);
}

/** `uses` takes the ids that the value names; without it, it may name none. */
function admitValue(value: unknown, uses: number[] | undefined, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth >= RPC_LIMITS.valueDepth)
    throw new Refusal(`A value has at most ${RPC_LIMITS.valueDepth} levels.`);
  if (!Array.isArray(value)) {
    for (const member of Object.values(value)) admitValue(member, uses, depth + 1);
  } else if (value.length === 1 && Array.isArray(value[0])) {
    for (const item of value[0] as unknown[]) admitValue(item, uses, depth + 1);
  } else admitTagged(value as unknown[], uses, depth);
}

function admitTagged(value: readonly unknown[], uses: number[] | undefined, depth: number): void {
  const [tag, first, second] = value;
  if (isReference(tag) && uses !== undefined && value.length <= 3) {
    uses.push(idOf(first));
    admitPath(second);
    return;
  }
  const isFine =
    (tag === "undefined" && value.length === 1) ||
    (tag === "date" && value.length === 2 && (first === null || Number.isFinite(first))) ||
    (tag === "bytes" && value.length <= 3 && isBytes(first, second)) ||
    (tag === "error" && isError(value, depth));
  if (!isFine) throw new Refusal("A value holds what may not be sent here.");
}

const isReference = (tag: unknown): boolean => tag === "pipeline" || tag === "import";

function isBytes(text: unknown, kind: unknown): boolean {
  return (
    typeof text === "string" && BASE64.test(text) && (kind === undefined || BYTES_OF.has(kind as string))
  );
}

/** `["error", name, message, stack?, members?]`; members name nothing that stands for something else. */
function isError([, name, message, stack, members, ...more]: readonly unknown[], depth: number): boolean {
  const isPlain =
    typeof name === "string" &&
    typeof message === "string" &&
    (stack == null || typeof stack === "string") &&
    (members === undefined || (typeof members === "object" && members !== null && !Array.isArray(members))) &&
    more.length === 0;
  if (isPlain) admitValue(members, undefined, depth + 1);
  return isPlain;
}

function idOf(id: unknown): number {
  if (!Number.isSafeInteger(id)) throw new Refusal("An id is a whole number.");
  return id as number;
}

/** Names of members from a result to what is meant; absent for the result itself. */
function admitPath(path: unknown): void {
  if (path === undefined) return;
  const isFine =
    Array.isArray(path) && path.length <= RPC_LIMITS.pathLength && (path as unknown[]).every(isName);
  if (!isFine) throw new Refusal(`A path has at most ${RPC_LIMITS.pathLength} names of members.`);
}

/** No name that every object has. */
function isName(name: unknown): boolean {
  if (typeof name === "number") return Number.isSafeInteger(name) && name >= 0;
  return typeof name === "string" && NAME.test(name) && !(name in Object.prototype);
}
