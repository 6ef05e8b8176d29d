const UNSAFE = /[\u0000]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const ALL_UNSAFE = new RegExp(UNSAFE.source, "g");

/** Replaces NUL and lone surrogates by U+FFFD: SQLite and Postgres treat them differently otherwise (D-12). */
export function cleanText(text: string): string {
  return UNSAFE.test(text) ? text.replace(ALL_UNSAFE, "\ufffd") : text;
}

/** `cleanText` over every string of a JSON value, keys included. Returns the same object when nothing had to change. */
export function cleanJson<T>(value: T): T {
  if (typeof value === "string") return cleanText(value) as T;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => cleanJson(item));
    return (items.every((item, index) => item === value[index]) ? value : items) as T;
  }
  if (value === null || typeof value !== "object") return value;
  let changed = false;
  const entries = Object.entries(value).map(([key, item]) => {
    const pair: [string, unknown] = [cleanText(key), cleanJson(item as unknown)];
    changed ||= pair[0] !== key || pair[1] !== item;
    return pair;
  });
  return (changed ? Object.fromEntries(entries) : value) as T;
}

/** Splits off a trailing high surrogate, which waits for its other half in the next chunk (D-12). */
export function holdBackSurrogate(text: string): { text: string; held: string } {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff
    ? { text: text.slice(0, -1), held: text.slice(-1) }
    : { text, held: "" };
}

const SECRETS: RegExp[] = [
  /\b(?:sk|pk|rk|ghp|gho|ghu|ghs|github_pat|glpat|xox[abprs]|AKIA|ASIA|AIza|hf|npm)[-_]?[A-Za-z0-9_-]{12,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}/g,
  /(?<=\b(?:bearer|basic)\s)[A-Za-z0-9._~+/=-]{8,}/gi,
  /(?<=\b[\w-]*(?:api[-_]?key|token|secret|password|passwd|authorization)["']?\s*[:=]\s*["']?)[^\s"',;]{4,}/gi,
  /(?<=:\/\/[^\s/:@]{1,64}:)[^\s/@]{1,256}(?=@)/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

/** Masks what looks like a credential, for tails of agent output and logs. */
export function redact(text: string): string {
  return SECRETS.reduce((masked, pattern) => masked.replace(pattern, "[redacted]"), text);
}
