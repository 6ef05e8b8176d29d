/** JSON of somebody else as it may be published: every text of it told, names of fields too (S-17). */
import { isTellingText, secrecyOf } from "./telling-value.ts";
import type { Tell } from "./telling.ts";

/** Deeper values are left out. */
const MOST_DEPTH = 32;

export function toldJson(value: unknown, tell: Tell, depth = 0): unknown {
  if (typeof value === "string") return tell(value);
  if (typeof value === "number") return toldNumber(value, tell);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MOST_DEPTH) return null;
  if (Array.isArray(value)) return value.map((item) => toldJson(item, tell, depth + 1));
  const members = Object.entries(value).map(([name, item]: [string, unknown]) => [
    tell(name, { grows: false }),
    isSecretField(name, item) ? tell(String(item), { isSecret: true }) : toldJson(item, tell, depth + 1),
  ]);
  return Object.fromEntries(members) as unknown;
}

/** A number that is a secret somewhere is one here. */
function toldNumber(value: number, tell: Tell): unknown {
  const text = String(value);
  const told = tell(text, { grows: false });
  return told === text ? value : told;
}

/** Digits of the shortest number that is taken for a secret behind the name of one. */
const LEAST_DIGITS = 6;

function isSecretField(name: string, value: unknown): boolean {
  const secrecy = secrecyOf(name);
  if (secrecy === undefined) return false;
  if (typeof value === "number") return secrecy === "strong" && String(value).length >= LEAST_DIGITS;
  return typeof value === "string" && isTellingText(value, secrecy === "strong");
}
