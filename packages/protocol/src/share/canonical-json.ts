/**
 * The canonical form of a JSON value (RFC 8785): members in the order of their names' UTF-16 units, no blanks, numbers as ECMAScript writes
 * them. Members that are `undefined` are left out, as `JSON.stringify` does. Throws a `TypeError` on what JSON has no word for.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (Number.isFinite(value)) return JSON.stringify(value);
    throw new TypeError(`${value} is no JSON number.`);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(",")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    members.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(",")}}`;
  }
  throw new TypeError(`A ${typeof value} has no form in JSON.`);
}
