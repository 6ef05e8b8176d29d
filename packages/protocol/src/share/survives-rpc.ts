/**
 * Whether a JSON value arrives over capnweb as it is. capnweb leaves out members whose names every object has (`constructor`, `toString`, ...) and `toJSON`, without a word: what holds one goes another
 * way.
 */
export function survivesRpc(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(survivesRpc);
  return Object.entries(value).every(
    ([name, member]) => !(name in Object.prototype) && name !== "toJSON" && survivesRpc(member),
  );
}
