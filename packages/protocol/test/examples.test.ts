import { readFileSync } from "node:fs";
import {
  agentSchema,
  agentSessionSchema,
  changeOperationSchema,
  changeSchema,
  EVENT_DATA,
  grantSchema,
  inputSchema,
  messageInfoSchema,
  partSchema,
  permissionRuleSchema,
  permissionSchema,
  projectSchema,
  questionSchema,
  sessionCommentSchema,
  sessionErrorSchema,
  sessionEventSchema,
  sessionSchema,
  shareSchema,
  toolStateSchema,
  trackingSchema,
  turnSchema,
  workspaceSchema,
  worktreeSchema,
} from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import type { z } from "zod";

/** Examples as a store of schema version 1 holds them. They are never edited: a later reader must still understand them (D-36). */
const stored = (name: string): Record<string, Record<string, unknown>> =>
  JSON.parse(readFileSync(new URL(`examples/v1/${name}.json`, import.meta.url), "utf8")) as never;

const ROWS: Record<string, z.ZodType> = {
  session: sessionSchema,
  turn: turnSchema,
  input: inputSchema,
  permission: permissionSchema,
  question: questionSchema,
  "agent-session": agentSessionSchema,
  agent: agentSchema,
  "permission-rule": permissionRuleSchema,
  project: projectSchema,
  workspace: workspaceSchema,
  worktree: worktreeSchema,
  change: changeSchema,
  tracking: trackingSchema,
  operation: changeOperationSchema,
  share: shareSchema,
  ref: grantSchema,
  "session-comment": sessionCommentSchema,
};

const cases: [string, string, z.ZodType, unknown][] = [
  ...rowsOf("parts", () => partSchema),
  ...rowsOf("messages", () => messageInfoSchema),
  ...rowsOf("errors", () => sessionErrorSchema),
  ...rowsOf("events", () => sessionEventSchema),
  ...rowsOf("rows", (name) => ROWS[name]),
  ...rowsOf("agent-sessions", () => agentSessionSchema),
  ...rowsOf("rows-mcp", (name) => ROWS[name]),
  ...rowsOf("rows-recorded", (name) => ROWS[name]),
  ...rowsOf("errors-login", () => sessionErrorSchema),
  ...rowsOf("limits", (name) => ROWS[name]),
  ...rowsOf("limits-two", (name) => ROWS[name]),
  ...rowsOf("rows-agent-turn", (name) => ROWS[name]),
  ...rowsOf("mirrors", (name) => ROWS[name]),
  ...rowsOf("rows-shares", (name) => ROWS[name]),
  ...rowsOf("refs", (name) => ROWS[name]),
];

function rowsOf(
  file: string,
  schema: (name: string) => z.ZodType | undefined,
): [string, string, z.ZodType, unknown][] {
  return Object.entries(stored(file)).map(([name, example]) => {
    const found = schema(name);
    if (found === undefined) throw new Error(`No schema for the example ${file}/${name}.`);
    return [file, name, found, example];
  });
}

describe("[D-36] every stored example of version 1 is read, and nothing of it is dropped", () => {
  test.each(cases)("%s: %s", (_file, _name, schema, example) => {
    expect(schema.parse(example)).toEqual(example);
  });
});

describe("[D-36] there is an example of everything", () => {
  test("every part type and every tool state", () => {
    const parts = Object.values(stored("parts"));
    expect(new Set(parts.map((part) => part["type"]))).toEqual(
      new Set(partSchema.options.map((option) => option.shape.type.value)),
    );
    const states = parts
      .filter((part) => part["type"] === "tool")
      .map((part) => part["state"] as { status: string });
    expect(new Set(states.map((state) => state.status))).toEqual(
      new Set(toolStateSchema.options.map((option) => option.shape.status.value)),
    );
  });

  test("[D-25] every event type", () => {
    const types = Object.values(stored("events")).map((event) => event["type"]);
    expect(new Set(types)).toEqual(new Set(Object.keys(EVENT_DATA)));
  });

  test("every error name", () => {
    const names = sessionErrorSchema.options.map((option) => option.shape.name.value);
    expect(new Set(Object.keys(stored("errors")))).toEqual(new Set<string>(names));
  });
});

describe("what a reader refuses", () => {
  test.each(cases)("%s: %s without one of its fields", (_file, _name, schema, example) => {
    const keys = Object.keys(example as object).filter(
      (key) => !schema.safeParse(without(example as object, key)).success,
    );
    expect(keys.length).toBeGreaterThan(0);
    expect(schema.safeParse(null).success).toBe(false);
    expect(schema.safeParse([example]).success).toBe(false);
  });
});

function without(value: object, key: string): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
}
