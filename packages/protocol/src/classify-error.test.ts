import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { classifyError } from "./classify-error.ts";

const context = { providerId: "anthropic" };

const call = (facts: Record<string, unknown>) =>
  Object.assign(
    new Error(facts["message"] as string),
    { name: "AI_APICallError", isRetryable: false },
    facts,
  );

describe("classifyError asks in the order of session-model 3", () => {
  test("an abort is an abort", () => {
    expect(classifyError(new DOMException("stop", "AbortError"), context)).toEqual({
      name: "MessageAbortedError",
      data: { message: "stop" },
    });
  });

  test("an output-length error is itself", () => {
    expect(classifyError({ name: "MessageOutputLengthError", data: {} }, context)).toEqual({
      name: "MessageOutputLengthError",
      data: {},
    });
  });

  test("a missing key names the provider", () => {
    const error = Object.assign(new Error("key missing"), { name: "AI_LoadAPIKeyError" });
    expect(classifyError(error, context)).toEqual({
      name: "ProviderAuthError",
      data: { providerId: "anthropic", message: "key missing" },
    });
  });

  test("[R-17.6] a connection reset by a real socket is retryable and says how it broke", async () => {
    const server = createServer((request) => request.socket.resetAndDestroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const failure: unknown = await fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) => error);
    server.close();
    expect(classifyError(failure, context)).toMatchObject({
      name: "APIError",
      data: { message: "Connection reset by server", isRetryable: true, metadata: { code: "ECONNRESET" } },
    });
  });

  test.each([
    [true, "MessageAbortedError"],
    [false, "APIError"],
  ])("a broken decompression while aborting=%s is %s", (aborting, name) => {
    const error = Object.assign(new Error("incorrect header check"), {
      name: "ZlibError",
      code: "Z_DATA_ERROR",
    });
    expect(classifyError(error, { ...context, aborting }).name).toBe(name);
  });

  test("a stored error keeps its wire form", () => {
    const stored = { name: "APIError", data: { message: "no", isRetryable: false, statusCode: 400 } };
    expect(classifyError(stored, context)).toEqual(stored);
  });

  test.each([
    [new Error("plain"), "plain"],
    [
      Object.assign(new Error(""), { _tag: "ToolGone", tool: "bash" }),
      'ToolGone {"_tag":"ToolGone","tool":"bash"}',
    ],
    [123, "123"],
    [{ odd: true }, '{"odd":true}'],
    [undefined, "undefined"],
  ])("[R-17.7] %s is unknown, with its text", (error, message) => {
    expect(classifyError(error, context)).toEqual({ name: "UnknownError", data: { message } });
  });
});

describe("[R-17.4] overflow of the context window", () => {
  test.each([
    "prompt is too long: 213462 tokens > 200000 maximum",
    "Input is too long for requested model.",
    "Your input exceeds the context window of this model",
    "The input token count (1196265) exceeds the maximum number of tokens allowed",
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens",
    "Please reduce the length of the messages or completion.",
    "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000",
    "prompt token count of 12345 exceeds the limit of 8000",
    "the request exceeds the available context size, try increasing it",
    "The number of tokens to keep is greater than the context length",
    "invalid params, context window exceeds limit",
    "Your request exceeded model token limit: 262144",
    "context_length_exceeded",
    "Request Entity Too Large",
    "the model's context length is only 4096 tokens, resulting in",
    "input length (5000 tokens) exceeds the model's maximum context length (4096)",
    "400 status code (no body)",
    "413 (no body)",
  ])("%s", (message) => {
    expect(classifyError(call({ message, statusCode: 400 }), context).name).toBe("ContextOverflowError");
  });

  test("HTTP 413 and the code in a 422 body are overflows", () => {
    const body = JSON.stringify({ error: { code: "context_length_exceeded", message: "too big" } });
    expect(classifyError(call({ message: "x", statusCode: 413 }), context).name).toBe("ContextOverflowError");
    expect(classifyError(call({ message: "x", statusCode: 422, responseBody: body }), context)).toEqual({
      name: "ContextOverflowError",
      data: { message: "x: too big", responseBody: body },
    });
  });

  test("[R-17.4] 429 without a body is a rate, not an overflow", () => {
    const error = call({ message: "429 status code (no body)", statusCode: 429, isRetryable: true });
    expect(classifyError(error, context)).toMatchObject({
      name: "APIError",
      data: { statusCode: 429, isRetryable: true },
    });
  });
});

describe("failed calls", () => {
  test("[R-17.6] OpenAI 404 is retryable, another provider's is not", () => {
    const error = call({ message: "Not Found", statusCode: 404 });
    expect(classifyError(error, { providerId: "openai" })).toMatchObject({ data: { isRetryable: true } });
    expect(classifyError(error, context)).toMatchObject({ data: { isRetryable: false } });
  });

  test.each([
    [401, /^Unauthorized: a gateway/],
    [403, /^Forbidden: a gateway/],
  ])("an HTML body of %i becomes a readable message", (statusCode, message) => {
    const error = call({
      message: "Nope",
      statusCode,
      responseBody: "<!DOCTYPE html><html>secret page</html>",
    });
    const result = classifyError(error, context);
    expect(result).toMatchObject({
      name: "APIError",
      data: { message: expect.stringMatching(message) as string },
    });
  });

  test("[R-3.2] headers are redacted, the query of the address and long bodies are cut", () => {
    const error = call({
      message: "Bad",
      statusCode: 500,
      url: "https://example.test/v1?key=sekret",
      responseBody: "x".repeat(50_000),
      responseHeaders: { "Set-Cookie": "a=b", "retry-after": "7" },
    });
    const result = classifyError(error, context);
    expect(result).toMatchObject({
      data: {
        responseHeaders: { "set-cookie": "[redacted]", "retry-after": "7" },
        metadata: { url: "https://example.test/v1" },
      },
    });
    expect(JSON.stringify(result)).not.toContain("sekret");
    expect(JSON.stringify(result).length).toBeLessThan(34_000);
  });
});

describe("[R-17.5] errors inside a stream", () => {
  test.each([
    [
      { type: "error", error: { code: "context_length_exceeded", message: "m" } },
      "ContextOverflowError",
      undefined,
    ],
    [{ type: "error", error: { code: "insufficient_quota" } }, "APIError", false],
    [{ type: "error", error: { code: "usage_not_included" } }, "APIError", false],
    [{ type: "error", error: { code: "invalid_prompt", message: "bad" } }, "APIError", false],
    [{ type: "error", error: { type: "too_many_requests", message: "slow" } }, "APIError", true],
    [{ type: "error", error: { type: "rate_limit_error", message: "slow" } }, "APIError", true],
    [{ type: "error", code: "tokens_rate_limit", message: "slow" }, "APIError", true],
    [{ code: "rate_limit_exceeded", message: "slow" }, "APIError", true],
    ['{"type":"error","error":{"code":"rate_limit_exceeded","message":"slow"}}', "APIError", true],
    [{ type: "error", error: { code: 1302, message: "odd" } }, "APIError", false],
    [{ type: "error", error: { message: "prompt is too long" } }, "ContextOverflowError", undefined],
    ["not json", "UnknownError", undefined],
    [{ type: "error" }, "UnknownError", undefined],
  ])("%j -> %s", (raw, name, isRetryable) => {
    const result = classifyError(raw, context);
    expect(result.name).toBe(name);
    expect((result.data as { isRetryable?: boolean }).isRetryable).toBe(isRetryable);
  });
});
