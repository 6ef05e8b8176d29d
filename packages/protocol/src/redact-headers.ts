/** Most headers kept with an error, and the longest value kept (R-3.2: errors are stored). */
export const HEADER_LIMITS = { count: 64, valueLength: 1_024 } as const;

const SECRET_NAME =
  /(?:^|[-_])(?:auth|authorization|authentication|authenticate|cookie|cookie2|credential|credentials|key|apikey|password|secret|signature|token|session)(?:$|[-_])/;

/**
 * Response headers as they may be stored and shown: names in lower case, values of headers that can hold a credential replaced by
 * `[redacted]`, everything bounded by `HEADER_LIMITS`. Idempotent.
 */
export function redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers).slice(0, HEADER_LIMITS.count)) {
    const lower = name.toLowerCase();
    kept[lower] = SECRET_NAME.test(lower) ? "[redacted]" : value.slice(0, HEADER_LIMITS.valueLength);
  }
  return kept;
}
