import type { Random } from "../torture/random.ts";

/** Values that programs trip over. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  "",
  " ",
  "\u0000",
  "\ud800",
  "../../../etc/passwd",
  "__proto__",
  "ses_00000000000000000000000000",
  "x".repeat(5_000),
  [],
  {},
  [[]],
  { a: { b: { c: [] } } },
  "2026-11-21T00:00:00Z",
];

/** A copy that differs in one to three places: a value replaced, a member taken out, doubled or added. Seeded. */
export function mutate<T>(value: T, random: Random): unknown {
  let changed: unknown = structuredClone(value);
  for (let left = random.int(1, 3); left > 0; left -= 1) changed = change(changed, random);
  return changed;
}

function change(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random.chance(0.15)) return random.pick(ODD);
  if (Array.isArray(value)) {
    const at = random.int(0, value.length);
    if (random.chance(0.3)) return value.toSpliced(at, 0, random.pick(ODD));
    if (value.length === 0) return [random.pick(ODD)];
    const index = random.int(0, value.length - 1);
    return random.chance(0.2) ? value.toSpliced(index, 1) : value.with(index, change(value[index], random));
  }
  const members: [string, unknown][] = Object.entries(value);
  if (members.length === 0 || random.chance(0.15))
    return { ...value, [random.pick(["extra", "id", "__proto__x", "type"])]: random.pick(ODD) };
  const [name, inner]: [string, unknown] = random.pick(members);
  if (random.chance(0.2)) return Object.fromEntries(members.filter(([other]) => other !== name));
  return { ...value, [name]: change(inner, random) };
}
