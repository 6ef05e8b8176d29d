/** Errors of calls by the real SDK, over HTTP and real sockets, as errors of the session (session-model 3, 13, 17: fromError, retry). */
import { createServer, type Server, type Socket } from "node:net";
import { isRetryable } from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedModel, startModel } from "../../../../test/model/index.ts";
import { languageModel, modelError } from "../../src/model/index.ts";
import { accessTo, ask, KEY, KINDS } from "./ask.ts";

let model: ScriptedModel;
beforeAll(async () => {
  model = await startModel();
});
afterAll(() => model.close());

describe.each(KINDS)("%s", (kind) => {
  const failing = async (script: string) => (await ask(accessTo(model.url, kind), script)).errors;

  test("[R-13.1] a refused call has its status, its headers and the provider's words, and says whether it may be tried again", async () => {
    const told = { text: "slow down", headers: { "retry-after": "3", "retry-after-ms": "2500" } };
    const [rate] = await failing(`FAIL 429 ${JSON.stringify(told)}`);
    expect(rate).toMatchObject({
      name: "APIError",
      data: {
        message: "slow down",
        statusCode: 429,
        isRetryable: true,
        responseHeaders: { "retry-after": "3", "retry-after-ms": "2500" },
      },
    });
    expect((await failing("FAIL 503 down")).map(isRetryable)).toEqual([true]);
    expect((await failing("FAIL 400 odd")).map(isRetryable)).toEqual([false]);
  });

  test("a model's own limit is an overflow, in the words of each provider", async () => {
    const small = await startModel({ context: 5 });
    const { errors } = await ask(accessTo(small.url, kind), "SAY something that is longer than that");
    await small.close();
    expect(errors.map(({ name }) => name)).toEqual(["ContextOverflowError"]);
    expect(errors.map(isRetryable)).toEqual([false]);
  });

  test.each([
    ["a code in the body", 400, { error: { code: "context_length_exceeded", message: "no" } }],
    ["a code in the body of a 422", 422, { error: { code: "context_length_exceeded", message: "no" } }],
    ["a body that is too large", 413, { error: { message: "too large" } }],
    ["words of another provider", 400, { error: { message: "input is too long for requested model" } }],
  ])("%s is an overflow", async (_, status, body) => {
    const errors = await failing(`FAIL ${status} ${JSON.stringify({ body })}`);
    expect(errors.map(({ name }) => name)).toEqual(["ContextOverflowError"]);
  });

  test("429 without a body is a rate, not an overflow", async () => {
    const [error] = await failing('FAIL 429 {"body":""}');
    expect(error).toMatchObject({ name: "APIError", data: { statusCode: 429, isRetryable: true } });
  });

  test("a key that is wrong is the person's to mend, and is never told", async () => {
    const [error] = await failing(`FAIL 401 bad key ${KEY}`);
    expect(error).toMatchObject({ name: "ProviderAuthError", data: { providerId: kind } });
    expect(JSON.stringify(error)).not.toContain(KEY);
    expect(JSON.stringify(await failing(`FAIL 500 ${KEY} met a bug`))).not.toContain(KEY);
  });

  test("a page of a gateway's becomes words", async () => {
    const [error] = await failing('FAIL 403 {"body":"<!doctype html><h1>no</h1>"}');
    expect(error).toMatchObject({ name: "APIError", data: { statusCode: 403, isRetryable: false } });
    expect(JSON.stringify(error && "message" in error.data && error.data.message)).toContain("gateway");
  });

  test("an error in the answer: a rate passes, a request that is wrong does not", async () => {
    const [rate] = await failing("SAY begun\nFAIL 429 slow down");
    expect(rate).toMatchObject({ name: "APIError", data: { message: "slow down", isRetryable: true } });
    const [wrong] = await failing("SAY begun\nFAIL 400 no such thing");
    expect(wrong).toMatchObject({ name: "APIError", data: { isRetryable: false } });
    const [full] = await failing("SAY begun\nFAIL 400 prompt is too long: 9 tokens > 8 maximum");
    expect(full?.name).toBe("ContextOverflowError");
  });
});

test.each(["insufficient_quota", "usage_not_included", "invalid_prompt"])(
  "%s is not tried again, though its status would be",
  async (code) => {
    const body = { error: { code, type: code, message: "no more" } };
    const { errors } = await ask(
      accessTo(model.url, "openai-compatible"),
      `FAIL 429 ${JSON.stringify({ body })}`,
    );
    expect(errors).toMatchObject([{ name: "APIError", data: { statusCode: 429, message: "no more" } }]);
    expect(errors.map(isRetryable)).toEqual([false]);
  },
);

test("OpenAI's 404 is tried again, others' is not", async () => {
  const retried = (kind: "openai" | "anthropic") =>
    ask(accessTo(model.url, kind), "FAIL 404 no such model").then(({ errors }) => errors.map(isRetryable));
  expect(await retried("openai")).toEqual([true]);
  expect(await retried("anthropic")).toEqual([false]);
});

test("without a key no call goes out", async () => {
  const { key: _, baseUrl: _own, ...access } = accessTo(model.url, "anthropic");
  const before = model.requests.length;
  const { errors } = await ask(access, "SAY x");
  expect(errors).toMatchObject([{ name: "ProviderAuthError", data: { providerId: "anthropic" } }]);
  expect(model.requests.length).toBe(before);
});

test("an endpoint of one's own that nobody named is said so at once", () => {
  const { baseUrl: _, ...access } = accessTo(model.url, "openai-compatible");
  expect(() => languageModel(access, { modelId: "local" })).toThrow("has no baseUrl");
});

describe("real sockets", () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  /** Answers with this and then does that to the connection. */
  async function listen(answer: string, end: (socket: Socket) => void): Promise<string> {
    const made = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.write(answer, () => end(socket)));
    });
    server = made;
    await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
    const address = made.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  }
  const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
  const frame = `data: ${JSON.stringify({ id: "1", choices: [{ index: 0, delta: { content: "begun" } }] })}\n\n`;
  const begun = `${head}${frame.length.toString(16)}\r\n${frame}\r\n`;
  const reset = (socket: Socket) => setImmediate(() => socket.resetAndDestroy());

  test("ECONNRESET, before an answer and in the middle of one, is tried again", async () => {
    for (const answer of ["", begun]) {
      const url = await listen(answer, reset);
      const { errors } = await ask(accessTo(url, "openai-compatible"), "SAY x");
      server?.close();
      expect(errors).toMatchObject([
        {
          name: "APIError",
          data: {
            message: "Connection reset by server",
            isRetryable: true,
            metadata: { code: "ECONNRESET" },
          },
        },
      ]);
    }
  });

  test("a connection that closes in the answer, and one that is not there, are tried again", async () => {
    const url = await listen(begun, (socket) => socket.destroy());
    const closed = await ask(accessTo(url, "openai-compatible"), "SAY x");
    await new Promise((resolve) => server?.close(resolve));
    const absent = await ask(accessTo(url, "openai-compatible"), "SAY x");
    expect([...closed.errors, ...absent.errors]).toMatchObject([
      { name: "APIError", data: { isRetryable: true, metadata: { code: "UND_ERR_SOCKET" } } },
      { name: "APIError", data: { isRetryable: true, metadata: { code: "ECONNREFUSED" } } },
    ]);
  });

  test("frames that are no JSON end the try", async () => {
    const broken = 'data: {"id": "1", "choi\n\n';
    const url = await listen(`${head}${broken.length.toString(16)}\r\n${broken}\r\n0\r\n\r\n`, (socket) =>
      socket.end(),
    );
    const { errors } = await ask(accessTo(url, "openai-compatible"), "SAY x");
    expect(errors.length).toBeGreaterThan(0);
  });
});

test("what was never an error of a call stays what it is", () => {
  const access = { id: "one" };
  expect(modelError(123, access)).toEqual({ name: "UnknownError", data: { message: "123" } });
  expect(modelError(new DOMException("left", "AbortError"), access).name).toBe("MessageAbortedError");
  expect(modelError(Object.assign(new Error("bad"), { code: "Z_DATA_ERROR" }), access)).toMatchObject({
    name: "APIError",
    data: { isRetryable: true },
  });
  const aborting = modelError(Object.assign(new Error("bad"), { code: "Z_DATA_ERROR" }), access, true);
  expect(aborting.name).toBe("MessageAbortedError");
});
