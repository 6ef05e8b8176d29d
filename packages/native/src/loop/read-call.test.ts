import { expect, test } from "vitest";
import { z } from "zod";
import type { Tool } from "../tools/index.ts";
import { invalidText, readCall } from "./read-call.ts";

const tool = (id: string): Tool => ({
  id,
  kind: "other",
  description: id,
  input: z.object({ path: z.string() }),
  title: () => id,
  run: () => Promise.resolve({ title: id, output: "" }),
});
const tools = [tool("read"), tool("write")];
const read = (name: string, raw: string) => readCall({ callId: "1", name, raw }, tools);

test("[R-11.1] a call is read from its own text", () => {
  expect(read("read", '{"path":"a"}')).toMatchObject({ isValid: true, input: { path: "a" } });
});

test("[R-11.1] a name in other case is the tool of that name", () => {
  expect(read("Read", '{"path":"a"}')).toMatchObject({ isValid: true, tool: { id: "read" } });
});

test.each([
  ["no tool of this name", "format", "{}", "no tool of this name"],
  ["text that is no JSON", "read", '{"path": "a', "no JSON"],
  ["an input that does not fit", "read", '{"path": 1}', "does not fit"],
  ["nothing", "read", "", "does not fit"],
  ["a nest", "read", `{"path":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, "more than 100 levels deep"],
  ["no object", "read", '"a"', "does not fit"],
])("[R-11.1] %s cannot be run, and says why", (_name, name, raw, why) => {
  const call = read(name, raw);
  expect(call).toMatchObject({
    isValid: false,
    input: { tool: name, error: expect.stringContaining(why) as unknown },
  });
  if (!call.isValid) expect(invalidText(call.input)).toContain(`The call of ${name} was not run.`);
});
