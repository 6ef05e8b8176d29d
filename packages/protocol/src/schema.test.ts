import { describe, expect, test } from "vitest";
import { modelSchema, outputFormatSchema, permissionTimeoutSchema, timeSchema } from "./common.ts";
import { ERROR_CODES, problemSchema } from "./error-code.ts";
import { deltaSchema } from "./event.ts";
import { admitInputSchema, createSessionSchema, HTTP_LIMITS, patchSessionSchema } from "./http.ts";
import { isSessionId, sessionIdSchema, turnIdSchema } from "./id.ts";
import { inputPartSchema } from "./input.ts";
import { isTerminal, TURN_REASONS, TURN_STATES, turnReasonSchema } from "./turn.ts";
import { addUsage } from "./usage.ts";

const body = "0".repeat(26);

describe("ids (interfaces.md section 0)", () => {
  test.each([`ses_${body}`, "ses_01jqz8x9k4m5n6p7q8r9s0t1v2"])("%s is a session's", (id) => {
    expect(sessionIdSchema.safeParse(id).success).toBe(true);
    expect(isSessionId(id)).toBe(true);
  });

  test.each([
    `trn_${body}`,
    `ses_${body}0`,
    `ses_${body.slice(1)}`,
    `ses_${body.slice(1)}u`,
    `SES_${body}`,
    `ses_${body}\n`,
    7,
    null,
  ])("%j is none", (id) => {
    expect(sessionIdSchema.safeParse(id).success).toBe(false);
    expect(isSessionId(id)).toBe(false);
  });

  test("the refusal says what was expected", () => {
    const result = turnIdSchema.safeParse("x");
    expect(result.error?.issues[0]?.message).toBe("Expected the id of a turn: trn_ and 26 characters.");
  });
});

describe("[R-17.22] output format (session-model 2)", () => {
  test("the count defaults to 2", () => {
    expect(outputFormatSchema.parse({ type: "json_schema", schema: {} })).toMatchObject({ retryCount: 2 });
    expect(outputFormatSchema.parse({ type: "json_schema", schema: {}, retryCount: 0 })).toMatchObject({
      retryCount: 0,
    });
  });

  test.each([
    { type: "json_schema" },
    { type: "xml" },
    { type: "json_schema", schema: {}, retryCount: -1 },
    {},
  ])("%j is refused", (format) => {
    expect(outputFormatSchema.safeParse(format).success).toBe(false);
  });
});

describe("[I-3, R-1.4] what a client sends is bounded, and unknown members are refused", () => {
  const text = { type: "text", text: "hi" };

  test.each<[string, unknown]>([
    ["no parts", { parts: [] }],
    ["too many parts", { parts: Array.from({ length: HTTP_LIMITS.inputParts + 1 }, () => text) }],
    ["an unknown part", { parts: [{ type: "magic" }] }],
    ["a reasoning part", { parts: [{ type: "reasoning", text: "x", time: { start: 1 } }] }],
    ["an unknown member", { parts: [text], nope: 1 }],
    ["an unknown delivery", { parts: [text], delivery: "now" }],
    ["an agent id with a path", { parts: [text], agent: "../x" }],
    ["a permission timeout over a day", { parts: [text], permissionTimeoutMs: 86_400_001 }],
  ])("an input with %s", (_name, value) => {
    expect(admitInputSchema.safeParse(value).success).toBe(false);
  });

  test.each<[string, unknown]>([
    ["no directory", {}],
    ["a long directory", { directory: "/".repeat(HTTP_LIMITS.pathLength + 1) }],
    ["an empty title", { directory: "/p", title: "" }],
    ["a long title", { directory: "/p", title: "t".repeat(HTTP_LIMITS.titleLength + 1) }],
    ["an unknown mode", { directory: "/p", approvalMode: "yolo" }],
  ])("a session with %s", (_name, value) => {
    expect(createSessionSchema.safeParse(value).success).toBe(false);
  });

  test("[R-1.3] archiving and its undoing are explicit", () => {
    expect(patchSessionSchema.parse({ archived: false })).toEqual({ archived: false });
    expect(patchSessionSchema.safeParse({ archived: null }).success).toBe(false);
  });

  test("[R-4.2] a client's part has no identity of its own choosing", () => {
    expect(inputPartSchema.parse({ ...text, id: "prt_x", messageId: "msg_x", ordinal: 3 })).toEqual(text);
  });
});

describe("turns", () => {
  test("[D-8] every reason belongs to one terminal state", () => {
    const reasons = Object.values(TURN_REASONS).flat();
    expect(new Set(reasons).size).toBe(reasons.length);
    expect(Object.keys(TURN_REASONS).toSorted()).toEqual(TURN_STATES.filter(isTerminal).toSorted());
    expect(turnReasonSchema.options.toSorted()).toEqual(reasons.toSorted());
  });
});

describe("errors", () => {
  test("[I-3] every code has a status of the documented families, and a problem carries it", () => {
    for (const [code, row] of Object.entries(ERROR_CODES)) {
      expect([400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 500, 503]).toContain(row.status);
      const problem = {
        type: "about:blank",
        title: row.title,
        status: row.status,
        code,
        detail: "d",
        requestId: "r",
      };
      expect(problemSchema.parse(problem)).toEqual(problem);
    }
    expect(problemSchema.safeParse({ code: "NOPE", status: 400 }).success).toBe(false);
  });
});

describe("numbers", () => {
  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1, "1"])(
    "%s is no time",
    (value) => {
      expect(timeSchema.safeParse(value).success).toBe(false);
      expect(permissionTimeoutSchema.safeParse(value).success).toBe(false);
      expect(deltaSchema.shape.offset.safeParse(value).success).toBe(false);
    },
  );

  test("a model needs its id", () => {
    expect(modelSchema.safeParse({ providerId: "anthropic" }).success).toBe(false);
    expect(modelSchema.safeParse({ modelId: "" }).success).toBe(false);
  });
});

describe("[A-21] sums of usage", () => {
  test("absent stays absent, and a turn without tokens makes the total partial", () => {
    const total = addUsage(
      { tokens: { input: 1 }, cost: 1 },
      { tokens: { input: 2, cache: { read: 3, write: 0 } } },
    );
    expect(total).toEqual({ tokens: { input: 3, cache: { read: 3, write: 0 } }, cost: 1 });
    expect(addUsage(total, {})).toEqual({ ...total, partial: true });
  });

  test("the gauge is the newest, never a sum", () => {
    const sum = addUsage({ context: { used: 5, size: 9 } }, { tokens: {}, context: { used: 2, size: 9 } });
    expect(sum.context).toEqual({ used: 2, size: 9 });
  });
});
