import { expect, test } from "vitest";
import { HEADER_LIMITS, redactHeaders } from "./redact-headers.ts";

test.each([
  "Authorization",
  "Proxy-Authorization",
  "WWW-Authenticate",
  "cookie",
  "Set-Cookie",
  "x-api-key",
  "x-goog-api-key",
  "x-auth-token",
  "x-amz-security-token",
  "x-client-secret",
  "session",
])("[R-3.2] the value of %s is redacted", (name) => {
  expect(redactHeaders({ [name]: "sekret" })).toEqual({ [name.toLowerCase()]: "[redacted]" });
});

test.each(["retry-after", "x-should-retry", "x-ratelimit-remaining-tokens", "x-request-id", "content-type"])(
  "[R-3.2] %s is kept, because retries and people read it",
  (name) => {
    expect(redactHeaders({ [name]: "7" })).toEqual({ [name]: "7" });
  },
);

test("[R-3.2] headers are bounded, and redacting twice changes nothing", () => {
  const many = Object.fromEntries(
    Array.from({ length: 500 }, (_, index) => [`h${index}`, "v".repeat(5_000)]),
  );
  const once = redactHeaders({ cookie: "a", ...many });
  expect(Object.keys(once)).toHaveLength(HEADER_LIMITS.count);
  expect(once["h0"]).toHaveLength(HEADER_LIMITS.valueLength);
  expect(redactHeaders(once)).toEqual(once);
});
