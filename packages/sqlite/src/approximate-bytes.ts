/** Values visited per command at most; what lies beyond is not counted, so that the estimate itself stays cheap. */
const MAX_VISITED = 10_000;

/** Roughly the bytes a structured-clonable value takes: text by its UTF-16 length, binary by its size, 8 for the rest. */
export function approximateBytes(value: unknown): number {
  let bytes = 0;
  let visited = 0;
  const rest: unknown[] = [value];
  while (rest.length > 0 && visited < MAX_VISITED) {
    visited += 1;
    const next = rest.pop();
    if (typeof next === "string") bytes += next.length + 8;
    else if (next === null || typeof next !== "object") bytes += 8;
    else if (ArrayBuffer.isView(next) || next instanceof ArrayBuffer) bytes += next.byteLength + 8;
    else if (Array.isArray(next)) pushAll(rest, next);
    else pushAll(rest, Object.values(next));
  }
  return bytes;
}

function pushAll(rest: unknown[], values: unknown[]): void {
  for (const value of values) rest.push(value);
}
