import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startModel } from "./index.ts";
import type { ScriptedModel } from "./index.ts";
import { MAX_REQUESTS, RequestLog } from "./request-log.ts";

/** Longest wait for something that should happen at once, in ms. */
const SOON_MS = 10_000;

let model: ScriptedModel;
beforeEach(async () => {
  model = await startModel();
});
afterEach(() => model.close());

const script = "THINK deep thought\nSAY hello\nBASH ls";
const parameters = { type: "object", properties: { command: { type: "string" } }, required: ["command"] };

/** One request per format, all of them the same conversation. */
const formats = {
  "openai-chat": {
    path: () => "/v1/chat/completions",
    body: (text: string, stream: boolean) => ({
      model: "fake-1",
      stream,
      messages: [{ role: "user", content: [{ type: "text", text }] }],
      tools: [{ type: "function", function: { name: "bash", parameters } }],
    }),
  },
  "openai-responses": {
    path: () => "/v1/responses",
    body: (text: string, stream: boolean) => ({
      model: "fake-1",
      stream,
      input: [{ role: "user", content: [{ type: "input_text", text }] }],
      tools: [{ type: "function", name: "bash", parameters }],
    }),
  },
  anthropic: {
    path: () => "/v1/messages",
    body: (text: string, stream: boolean) => ({
      model: "fake-1",
      stream,
      messages: [{ role: "user", content: text }],
      tools: [{ name: "bash", input_schema: parameters }],
    }),
  },
  gemini: {
    path: (stream: boolean) =>
      `/v1beta/models/fake-1:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    body: (text: string) => ({
      contents: [{ role: "user", parts: [{ text }] }],
      tools: [{ functionDeclarations: [{ name: "bash", parameters }] }],
    }),
  },
};

type Format = keyof typeof formats;
const names = Object.keys(formats) as Format[];

function post(format: Format, text: string, stream: boolean, signal?: AbortSignal): Promise<Response> {
  const { path, body } = formats[format];
  const headers = { "content-type": "application/json" };
  return fetch(model.url + path(stream), {
    method: "POST",
    headers,
    body: JSON.stringify(body(text, stream)),
    signal: signal ?? null,
  });
}

/** The JSON of every data line, in order. */
async function events(response: Response): Promise<unknown[]> {
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: {"));
  return lines.map((line): unknown => JSON.parse(line.slice("data: ".length)));
}

/** Every string under these keys, in document order. */
function strings(value: unknown, keys: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => strings(item, keys));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    keys.includes(key) && typeof inner === "string" ? [inner] : strings(inner, keys),
  );
}

describe.each(names)("the %s format", (format) => {
  it("streams reasoning first, then text, then the tool call", async () => {
    const response = await post(format, script, true);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const seen = strings(await events(response), [
      "text",
      "thinking",
      "content",
      "reasoning_content",
      "delta",
      "name",
      "partial_json",
    ]);
    const order = [
      seen.findIndex((text) => text.includes("deep")),
      seen.indexOf("hello"),
      seen.indexOf("bash"),
    ];
    expect(order.every((index) => index >= 0)).toBe(true);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(model.requests.at(-1)?.conversation).toMatchObject({
      api: format,
      model: "fake-1",
      stream: true,
      tools: [{ name: "bash" }],
    });
  });

  it("answers as one JSON document when it does not stream", async () => {
    const whole: unknown = await (await post(format, script, false)).json();
    expect(strings(whole, ["text", "thinking", "content", "reasoning_content"])).toEqual(
      expect.arrayContaining(["deep thought", "hello"]),
    );
    expect(strings(whole, ["name"])).toContain("bash");
  });

  it("FAIL is that HTTP status before any text, and an error in the stream after it", async () => {
    const refused = await post(format, "FAIL 429 slow down", true);
    expect(refused.status).toBe(429);
    expect(strings(await refused.json(), ["message"])).toEqual(["slow down"]);
    const told = await post(format, 'FAIL 429 {"headers":{"retry-after":"3"},"body":{"odd":1}}', true);
    expect([told.status, told.headers.get("retry-after"), await told.json()]).toEqual([429, "3", { odd: 1 }]);
    const late = await post(format, "SAY begun\nFAIL 500 broke", true);
    expect(late.status).toBe(200);
    expect(strings(await events(late), ["message"])).toContain("broke");
  });

  it("CRASH cuts the connection", async () => {
    await expect(post(format, "CRASH", true)).rejects.toThrow("fetch failed");
    const cut = await post(format, "SAY begun\nCRASH", true);
    await expect(cut.text()).rejects.toThrow("terminated");
  });
});

describe("the server", () => {
  it("HANG holds the stream open and silent until the client leaves", async () => {
    const leave = new AbortController();
    const response = await post("openai-chat", "HANG", true, leave.signal);
    const read = response.text();
    const request = await model.waitForRequest(() => true, SOON_MS);
    expect(request.ended).toBe(false);
    leave.abort();
    await expect(read).rejects.toThrow("aborted");
    await expect.poll(() => request.aborted, { timeout: SOON_MS }).toBe(true);
  });

  it("SLOW stops when the client leaves", async () => {
    const leave = new AbortController();
    const response = await post("openai-chat", "SLOW 100000 60000", true, leave.signal);
    const first = await response.body?.getReader().read();
    expect(first?.done).toBe(false);
    leave.abort();
    await expect.poll(() => model.requests[0]?.aborted, { timeout: SOON_MS }).toBe(true);
  });

  it("SLOW says numbered words", async () => {
    const seen = strings(await events(await post("openai-chat", "SLOW 4 1", true)), ["content"]);
    expect(seen.join("")).toBe("w1 w2 w3 w4");
  });

  it("close cuts open streams and may be called twice", async () => {
    const response = await post("openai-chat", "HANG", true);
    const read = response.text();
    await Promise.all([model.close(), expect(read).rejects.toThrow("terminated")]);
    await model.close();
  });

  it("lists its models and refuses what it does not know", async () => {
    expect(await (await fetch(`${model.url}/v1/models`)).json()).toMatchObject({ data: [{ id: "fake-1" }] });
    expect((await fetch(`${model.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${model.url}/v1/nothing`, { method: "POST", body: "{}" })).status).toBe(404);
    expect((await fetch(`${model.url}/v1/messages`, { method: "POST", body: "no json" })).status).toBe(400);
  });

  it("waitForRequest gives up at its deadline", async () => {
    await expect(model.waitForRequest(() => true, 10)).rejects.toThrow("within 10 ms");
  });

  it("keeps a bounded number of requests, the newest", () => {
    const log = new RequestLog();
    const conversation = { api: "anthropic" as const, model: "", stream: false, messages: [], tools: [] };
    for (let count = 0; count < MAX_REQUESTS + 5; count++)
      log.add({ path: "", body: {}, conversation, answer: 0 }, 1);
    expect(log.requests).toHaveLength(MAX_REQUESTS);
    expect(log.requests.at(-1)?.number).toBe(MAX_REQUESTS + 5);
  });
});
