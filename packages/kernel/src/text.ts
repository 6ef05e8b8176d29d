const ALL_UNSAFE = /[\u0000]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const isCleanText = (text: string): boolean => text.isWellFormed() && !text.includes("\0");

/** Replaces NUL and lone surrogates by U+FFFD: SQLite and Postgres treat them differently otherwise (D-12). */
export function cleanText(text: string): string {
  return isCleanText(text) ? text : text.replace(ALL_UNSAFE, "\ufffd");
}

/** `cleanText` over every string of a value, keys included; bytes stay. Returns the same object when nothing had to change. */
export function cleanJson<T>(value: T): T {
  return isClean(value) ? value : (cleaned(value) as T);
}

/** Makes no garbage: it runs over everything that is written. */
function isClean(value: unknown): boolean {
  if (typeof value === "string") return isCleanText(value);
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return true;
  if (Array.isArray(value)) return value.every(isClean);
  for (const key in value)
    if (!isCleanText(key) || !isClean((value as Record<string, unknown>)[key])) return false;
  return true;
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (isClean(value)) return value;
  if (Array.isArray(value)) return value.map(cleaned);
  const entries = Object.entries(value as object).map(([key, item]) => [cleanText(key), cleaned(item)]);
  return Object.fromEntries(entries) as unknown;
}

/** Splits off a trailing high surrogate, which waits for its other half in the next chunk (D-12). */
export function holdBackSurrogate(text: string): { text: string; held: string } {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff
    ? { text: text.slice(0, -1), held: text.slice(-1) }
    : { text, held: "" };
}

/** Every repetition in what stands behind has a bound: else a long run of blanks takes the square of its length. */
const SECRETS: RegExp[] = [
  /\b(?:sk|pk|rk|ghp|gho|ghu|ghs|github_pat|glpat|xox[abprs]|AKIA|ASIA|AIza|hf|npm)[-_]?[A-Za-z0-9_-]{12,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}/g,
  /(?<=\b(?:bearer|basic)\s)[A-Za-z0-9._~+/=-]{8,}/gi,
  /(?<=\b[\w-]*(?:api[-_]?key|token|secret|password|passwd|authorization)["']?\s{0,8}[:=]\s{0,8}["']?)[^\s"',;]{4,}/gi,
  /(?<=:\/\/[^\s/:@]{1,64}:)[^\s/@]{1,256}(?=@)/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

/** Masks what looks like a credential, for tails of agent output and logs. */
export function redact(text: string): string {
  return SECRETS.reduce((masked, pattern) => masked.replace(pattern, "[redacted]"), text);
}

/** What `redact` masks. */
export function credentialsIn(text: string): string[] {
  return SECRETS.flatMap((pattern) => text.match(pattern) ?? []);
}

/** The number that a text of digits alone says; undefined when it is another text, or a number beyond 2^53. */
export function parseCount(text: string): number | undefined {
  const count = Number(text);
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(count) ? count : undefined;
}
