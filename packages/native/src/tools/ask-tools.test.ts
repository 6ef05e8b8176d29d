import type { QuestionAnswer } from "@holdfast/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { toolPlace, type ToolPlace } from "../../test/tool-place.ts";
import { toolsOf, type ToolUser } from "./index.ts";
import { questionTool } from "./question.ts";
import { taskTool } from "./task.ts";
import { todoTool } from "./todo.ts";

let place: ToolPlace;
beforeEach(async () => {
  place = await toolPlace();
});
afterEach(() => place[Symbol.asyncDispose]());

test.each<[ToolUser, string]>([
  ["build", "read glob grep list write edit apply_patch bash todo task question webfetch"],
  ["plan", "read glob grep list todo task question webfetch"],
  ["general", "read glob grep list write edit apply_patch bash webfetch"],
  ["explore", "read glob grep list webfetch"],
])("[A-26] %s has these tools, each described by a schema of an object", (agent, ids) => {
  const tools = toolsOf(agent);
  expect(tools.map(({ id }) => id).join(" ")).toBe(ids);
  for (const { input, description } of tools) {
    expect(z.toJSONSchema(input, { io: "input" })).toMatchObject({ type: "object" });
    expect(description.length).toBeGreaterThan(40);
  }
});

test("[A-26] todo replaces the plan", async () => {
  const todos = [
    { content: "one", status: "completed", priority: "high" },
    { content: "two", status: "pending", priority: "low" },
  ];
  const result = await place.run(todoTool, { todos });
  expect(place.plans).toEqual([todos]);
  expect(result).toMatchObject({
    title: "Plan: 1 of 2 left",
    output: "[completed] (high) one\n[pending] (low) two",
  });
});

test("[A-26] task gives what the other agent says at its end, and names its session; only agents that it may name", async () => {
  const task = { agent: "explore", description: "Look around", prompt: "Find it." };
  expect(await place.run(taskTool(["explore"]), task)).toMatchObject({
    output: "done",
    metadata: { sessionId: "ses_child", agent: "explore" },
  });
  expect(place.tasks).toEqual([task]);
  await expect(
    Promise.resolve().then(() => place.run(taskTool(["explore"]), { ...task, agent: "general" })),
  ).rejects.toThrow(/explore/);
});

describe("[A-19] question", () => {
  const questions = [
    {
      question: "Which?",
      header: "Colour",
      options: [{ label: "red" }, { label: "blue", description: "like sky" }],
    },
    { question: "What else?", header: "More", options: [], multiple: true },
    { question: "Some?", header: "Some", options: [{ label: "a" }], multiple: true, custom: false },
  ];

  test("asks with a field for each, and gives the answers", async () => {
    place.answer = { action: "accept", content: { answer1: "blue", answer3: ["a"] } };
    const { output } = await place.run(questionTool, { questions });
    expect(output).toBe("Which?\nblue\n\nWhat else?\n(no answer)\n\nSome?\na");
    expect(place.questions).toEqual([
      {
        callId: "call1",
        message: "Which?\nWhat else?\nSome?",
        fields: [
          {
            name: "answer1",
            title: "Colour",
            description: "Which?",
            required: true,
            type: "one",
            custom: true,
            options: [
              { value: "red", label: "red" },
              { value: "blue", label: "blue", description: "like sky" },
            ],
          },
          { name: "answer2", title: "More", description: "What else?", required: true, type: "text" },
          {
            name: "answer3",
            title: "Some",
            description: "Some?",
            required: true,
            type: "many",
            custom: false,
            options: [{ value: "a", label: "a" }],
          },
        ],
      },
    ]);
  });

  test.each<[QuestionAnswer["action"], boolean, string]>([
    ["decline", false, "reject"],
    ["cancel", false, "expired"],
    ["cancel", true, "cancelled"],
  ])("that ends with %s, the turn being stopped: %s, is not allowed: %s", async (action, isStopped, why) => {
    place.answer = { action };
    if (isStopped) place.leave.abort();
    await expect(place.run(questionTool, { questions })).rejects.toMatchObject({
      name: "NotAllowedError",
      why,
    });
  });
});

test("[A-26] where a tool works is told by absolute paths, and by the line where there is one", () => {
  const told = (id: string, input: object) =>
    toolsOf("build")
      .find((tool) => tool.id === id)
      ?.locations?.(input, { directory: "/project" });
  expect(told("read", { path: "a", offset: 7 })).toEqual([{ path: "/project/a", line: 7 }]);
  expect(told("grep", { pattern: "x" })).toEqual([{ path: "/project" }]);
  expect(told("bash", { command: "ls", directory: "/tmp" })).toEqual([{ path: "/tmp" }]);
  const patch = "*** Begin Patch\n*** Add File: a\n+x\n*** Delete File: b/c\n*** End Patch";
  expect(told("apply_patch", { patch })).toEqual([{ path: "/project/a" }, { path: "/project/b/c" }]);
  expect(told("apply_patch", { patch: "x" })).toEqual([]);
});
