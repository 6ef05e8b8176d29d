import { RequestError } from "@agentclientprotocol/sdk";
import { describe, expect, test } from "vitest";
import { KNOWN_AGENTS, NO_QUIRKS } from "../catalog/index.ts";
import { promptError } from "./request-error.ts";

describe("errors of prompts", () => {
  test.each([
    [
      new RequestError(-32_603, "no", { status: 429 }),
      { name: "APIError", data: { message: "no", statusCode: 429, isRetryable: true } },
    ],
    [
      new RequestError(-32_603, "no", { status: 500 }),
      { name: "APIError", data: { message: "no", statusCode: 500, isRetryable: true } },
    ],
    [
      new RequestError(400, "bad"),
      { name: "APIError", data: { message: "bad", statusCode: 400, isRetryable: false } },
    ],
    [
      new RequestError(-32_603, "Internal error", { details: "400 the script says no" }),
      {
        name: "APIError",
        data: { message: "Internal error: 400 the script says no", statusCode: 400, isRetryable: false },
      },
    ],
    [
      new RequestError(-32_603, "Internal error", { details: "token=abcdefgh123" }),
      { name: "AgentReportedError", data: { agent: "a", message: "Internal error: token=[redacted]" } },
    ],
    [
      new RequestError(-32_603, "Internal error", {
        details: "400 prompt is too long: 9 tokens > 8 maximum",
      }),
      {
        name: "ContextOverflowError",
        data: { message: "Internal error: 400 prompt is too long: 9 tokens > 8 maximum" },
      },
    ],
    [
      new RequestError(-32_603, "Internal error", { details: "401 Incorrect API key" }),
      {
        name: "ProviderAuthError",
        data: { providerId: "a", message: "Internal error: 401 Incorrect API key" },
      },
    ],
    [
      new RequestError(-32_603, "quota", {
        status: 429,
        body: { error: { code: "insufficient_quota", message: "quota" } },
      }),
      {
        name: "APIError",
        data: {
          message: "quota",
          statusCode: 429,
          isRetryable: false,
          responseBody: '{"error":{"code":"insufficient_quota","message":"quota"}}',
        },
      },
    ],
    [
      new RequestError(-32_603, "busy", { error: { type: "rate_limit_error", message: "slow down" } }),
      {
        name: "APIError",
        data: {
          message: "slow down",
          isRetryable: true,
          responseBody: '{"error":{"type":"rate_limit_error","message":"slow down"}}',
        },
      },
    ],
    [
      new RequestError(-32_603, "Internal error: no", { service: "session", errorName: "APIError" }),
      { name: "APIError", data: { message: "Internal error: no", isRetryable: false } },
    ],
    [
      new RequestError(-32_603, "x", { status: "429" }),
      { name: "AgentReportedError", data: { agent: "a", message: "x" } },
    ],
    [
      new RequestError(-32_000, "login"),
      {
        name: "ProviderAuthError",
        data: {
          providerId: "a",
          message: "a wants a login: login. Log in with the program itself, then try again.",
        },
      },
    ],
    [new Error("secret"), { name: "UnknownError", data: { message: "The prompt could not be sent." } }],
  ])("[A-25] %s", (error, expected) => {
    const teller = { agent: "a", version: "1.0", quirks: NO_QUIRKS, authMethods: [] };
    expect(promptError(teller, error)).toEqual(expected);
  });

  test("[A-25] a sentence of an agent's record counts for the versions that it was seen on", () => {
    const quirks = KNOWN_AGENTS.find(({ id }) => id === "qwen")?.quirks ?? NO_QUIRKS;
    const details =
      "Model request exceeds the endpoint request-body limit (HTTP 413) and there is no history.";
    const error = new RequestError(-32_603, "Internal error", { details });
    const name = (version: string | undefined) =>
      promptError({ agent: "qwen", version, quirks, authMethods: [] }, error).name;
    expect(name("0.24.4")).toBe("ContextOverflowError");
    expect(name("9.0.0")).toBe("AgentReportedError");
    expect(name(undefined)).toBe("AgentReportedError");
  });
});
