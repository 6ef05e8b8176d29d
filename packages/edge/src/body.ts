/** Request bodies (I-6): JSON only, bounded in bytes, depth and time, valid UTF-8. Nothing of a refused body is shown again. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Clock, HoldfastError } from "@holdfast/kernel";
import { HTTP_LIMITS } from "@holdfast/protocol";

/** How long a body may take to arrive, in ms. */
export const BODY_DEADLINE_MS = 30_000;

const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The parsed body of at most `limit` bytes, `undefined` when there is none. Rejects UNSUPPORTED_TYPE, TOO_LARGE or INVALID_REQUEST. */
export async function readJson(
  incoming: IncomingMessage,
  clock: Clock,
  limit: number = HTTP_LIMITS.bodyBytes,
): Promise<unknown> {
  requireJsonType(incoming);
  const bytes = await readBytes(incoming, clock, limit);
  return bytes.length === 0 ? undefined : parseJson(bytes);
}

/** JSON in UTF-8 that nests no deeper than may be. Throws INVALID_REQUEST. */
export function parseJson(bytes: Buffer): unknown {
  requireDepth(bytes);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new HoldfastError("INVALID_REQUEST", "The body is not valid JSON in UTF-8.");
  }
}

/** SHA-256 of the body with its object keys sorted, so that equal bodies have equal hashes however they were written (D-5). */
export function bodyHash(body: unknown): string {
  const text = body === undefined ? "" : JSON.stringify(sortKeys(body));
  return createHash("sha256").update(text).digest("hex");
}

function requireJsonType(incoming: IncomingMessage): void {
  const { "content-type": type, "content-encoding": encoding } = incoming.headers;
  const hasBody =
    incoming.headers["transfer-encoding"] !== undefined ||
    Number(incoming.headers["content-length"] ?? 0) > 0;
  const isJson = type !== undefined && /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type);
  if ((hasBody || type !== undefined) && !isJson)
    throw new HoldfastError("UNSUPPORTED_TYPE", "Bodies are application/json in UTF-8.");
  if (encoding !== undefined && encoding !== "identity")
    throw new HoldfastError("UNSUPPORTED_TYPE", "Bodies are not compressed.");
}

/** A body of at most `limit` bytes, as it came; what its length says is looked at before any of it is read. Rejects TOO_LARGE or INVALID_REQUEST. */
export function readBytes(incoming: IncomingMessage, clock: Clock, limit: number): Promise<Buffer> {
  const tooLarge = (): HoldfastError =>
    new HoldfastError("TOO_LARGE", `A body may have at most ${limit} bytes.`);
  if (Number(incoming.headers["content-length"] ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (outcome: Buffer | HoldfastError): void => {
      timer.cancel();
      incoming.off("data", collect).off("end", finish).off("error", leave).off("close", leave);
      if (Buffer.isBuffer(outcome)) resolve(outcome);
      else reject(outcome);
    };
    const collect = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) settle(tooLarge());
      else chunks.push(chunk);
    };
    const finish = (): void => settle(Buffer.concat(chunks, size));
    const leave = (): void =>
      settle(new HoldfastError("INVALID_REQUEST", "The body ended before it was whole."));
    const timer = clock.after(BODY_DEADLINE_MS, () =>
      settle(new HoldfastError("INVALID_REQUEST", `The body did not arrive within ${BODY_DEADLINE_MS} ms.`)),
    );
    incoming.on("data", collect).once("end", finish).once("error", leave).once("close", leave);
  });
}

/** Counts brackets outside strings before the parser sees them: a parser that recurses must not meet a million of them. */
function requireDepth(bytes: Buffer): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] as number;
    if (inString) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (OPENING.has(byte)) {
      depth += 1;
      if (depth > HTTP_LIMITS.jsonDepth)
        throw new HoldfastError("INVALID_REQUEST", `A body nests at most ${HTTP_LIMITS.jsonDepth} levels.`);
    } else if (CLOSING.has(byte)) depth -= 1;
  }
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return { sorted: entries.map(([key, item]) => [key, sortKeys(item)]) };
}
