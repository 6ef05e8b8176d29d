import { RequestError } from "@agentclientprotocol/sdk";
import type { QuestionAnswer } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import type { AgentQuestion } from "../port.ts";
import { askOf, Elicitations } from "./elicitation.ts";

const form = (properties: object, required?: string[]) => ({
  mode: "form",
  message: "Which?",
  requestedSchema: { type: "object", properties, required: required ?? null },
});
const options = [
  { value: "a", label: "A", description: "first" },
  { value: "b", label: "B" },
];
const titled = [
  { const: "a", title: "A", description: "first" },
  { const: "b", title: "B", description: null },
];

describe("what an agent asks over ACP", () => {
  test.each<[string, object, object]>([
    [
      "a text",
      {
        type: "string",
        title: "Name",
        minLength: 1,
        maxLength: 9,
        pattern: "a+",
        format: null,
        default: "x",
      },
      { type: "text", title: "Name", minLength: 1, maxLength: 9, pattern: "a+", default: "x" },
    ],
    ["a formatted text", { type: "string", format: "email" }, { type: "text", format: "email" }],
    [
      "a number",
      { type: "number", minimum: 0.5, maximum: 2, default: 1 },
      { type: "number", minimum: 0.5, maximum: 2, default: 1 },
    ],
    ["a whole number", { type: "integer", minimum: 1 }, { type: "number", integer: true, minimum: 1 }],
    ["yes or no", { type: "boolean", default: true }, { type: "boolean", default: true }],
    [
      "one of plain options",
      { type: "string", enum: ["a"], default: "a" },
      { type: "one", options: [{ value: "a", label: "a" }], default: "a" },
    ],
    ["one of titled options", { type: "string", oneOf: titled }, { type: "one", options }],
    [
      "many of plain options",
      { type: "array", items: { type: "string", enum: ["a"] }, minItems: 1, maxItems: 2 },
      { type: "many", options: [{ value: "a", label: "a" }], minItems: 1, maxItems: 2 },
    ],
    [
      "many of titled options",
      { type: "array", items: { anyOf: titled }, default: ["a"] },
      { type: "many", options, default: ["a"] },
    ],
  ])("[A-25] %s", (_name, property, field) => {
    expect(askOf(form({ one: property, two: property }, ["two"]))).toEqual({
      message: "Which?",
      fields: [
        { name: "one", ...field },
        { name: "two", required: true, ...field },
      ],
    });
  });

  test("[A-25] a page to visit", () => {
    const page = { mode: "url", message: "Log in.", url: "https://example.org/a?b=c", elicitationId: "e" };
    expect(askOf(page)).toEqual({ message: "Log in.", fields: [], url: "https://example.org/a?b=c" });
  });

  test.each<[string, object]>([
    ["mode", { mode: "voice", message: "m" }],
    ["url", { mode: "url", message: "m", url: "javascript:alert(1)" }],
    ["url", { mode: "url", message: "m", url: "example.org" }],
    ["message", form({}) && { ...form({}), message: 7 }],
    ["requestedSchema", { mode: "form", message: "m" }],
    ["nested", form({ nested: { type: "object" } })],
    ["list", form({ list: { type: "array", items: { type: "number" } } })],
    ["fields.0.minLength", form({ a: { type: "string", minLength: "long" } })],
    ["fields.0.options", form({ a: { type: "string", enum: Array(257).fill("x") } })],
    ["fields", form(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`f${i}`, { type: "string" }])))],
  ])("[A-25] what cannot be asked is refused, and the agent is told what it is: %s", (field, params) => {
    expect(() => askOf(params as Record<string, unknown>)).toThrow(RequestError);
    try {
      askOf(params as Record<string, unknown>);
    } catch (error) {
      expect(error).toMatchObject({ code: -32_602, data: { field } });
    }
  });
});

describe("answers", () => {
  const asked: AgentQuestion[] = [];
  const answering = (answer: QuestionAnswer) =>
    new Elicitations(() => ({
      backendSessionId: "s",
      askQuestion: async (question) => (asked.push(question), answer),
    }));
  const never = new AbortController().signal;
  const create = (elicitations: Elicitations, params: object, signal = never) =>
    elicitations.methods["elicitation/create"]?.({ sessionId: "s", ...params }, signal);

  test.each<[object, QuestionAnswer, object]>([
    [
      form({ a: { type: "string" } }),
      { action: "accept", content: { a: "x" } },
      { action: "accept", content: { a: "x" } },
    ],
    [form({}), { action: "accept" }, { action: "accept", content: {} }],
    [form({}), { action: "decline" }, { action: "decline" }],
    [form({}), { action: "cancel" }, { action: "cancel" }],
    [
      { mode: "url", message: "m", url: "https://example.org", elicitationId: "e" },
      { action: "accept", content: {} },
      { action: "accept" },
    ],
  ])("[A-19] %j", async (params, answer, told) => {
    expect(await create(answering(answer), { ...params, toolCallId: "call" })).toEqual(told);
    expect(asked.at(-1)?.callId).toBe("call");
  });

  test("[A-19] for no session, or for another one, nobody is asked", async () => {
    const before = asked.length;
    const params = form({});
    expect(await create(answering({ action: "accept" }), { ...params, sessionId: "other" })).toEqual({
      action: "cancel",
    });
    expect(await create(new Elicitations(() => undefined), params)).toEqual({ action: "cancel" });
    expect(asked).toHaveLength(before);
  });

  test("[A-19] what the agent cancels or calls complete is withdrawn", async () => {
    const elicitations = new Elicitations(() => ({
      backendSessionId: "s",
      askQuestion: (_question, withdrawn) =>
        new Promise((resolve) => withdrawn.addEventListener("abort", () => resolve({ action: "cancel" }))),
    }));
    const page = { mode: "url", message: "m", url: "https://example.org", elicitationId: "e" };
    const visited = create(elicitations, page);
    elicitations.complete({ elicitationId: "other" });
    elicitations.complete({ elicitationId: "e" });
    expect(await visited).toEqual({ action: "cancel" });
    const gone = new AbortController();
    const cancelled = create(elicitations, form({}), gone.signal);
    gone.abort();
    expect(await cancelled).toEqual({ action: "cancel" });
  });
});
