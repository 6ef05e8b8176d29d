import { RPC_LIMITS } from "../limits.ts";

/** Whether a value is plain JSON of no more levels than a body may have: bytes, dates and stubs of capnweb are not. */
export function isJson(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean" || value === undefined)
    return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || depth > RPC_LIMITS.jsonDepth) return false;
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).every((member) => isJson(member, depth + 1));
}
