/** The native agent from the command line: its models, and an answer that fits a schema, on a scripted model. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ScriptedModel, startModel } from "../../../test/model/index.ts";
import { createHouse, type Result } from "./command.ts";

const house = createHouse();
let model: ScriptedModel;

beforeAll(async () => {
  model = await startModel({});
  const models = {
    "heron-1": { name: "Heron 1", context: 40_000, output: 8_000, price: { input: 3, output: 15 } },
    "wren-1": {},
  };
  mkdirSync(dirname(house.configFile), { recursive: true });
  writeFileSync(house.configFile, JSON.stringify({ providers: { endpoint: { models } } }));
  writeFileSync(
    join(house.project, "bird.json"),
    '{"type": "object", "properties": {"bird": {"type": "string"}}, "required": ["bird"]}',
  );
  await house.serve({ HOLDFAST_MODEL_URL: `${model.url}/v1`, HOLDFAST_MODEL: "heron-1" });
});
afterAll(async () => {
  await house.close();
  await model.close();
});

const build = (prompt: string, ...flags: string[]): Promise<Result> =>
  house.run(["run", "--agent", "native:build", ...flags, prompt]);
/** Lines as their columns. */
const columnsOf = ({ stdout }: Result) =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));

test("[A-26, I-11] models are listed with context, output and price in columns of their own; what is not known is a dash", async () => {
  expect(columnsOf(await house.run(["models"]))).toEqual([
    ["MODEL", "NAME", "CONTEXT", "OUTPUT", "$/M IN", "$/M OUT", "VARIANTS"],
    ["endpoint/heron-1 (default)", "Heron 1", "40,000", "8,000", "3", "15", "-"],
    ["endpoint/wren-1", "wren-1", "-", "-", "-", "-", "-"],
  ]);
});

test("[A-26, R-2.1] run prints the value alone, of the model that is named", async () => {
  const result = await build(
    'CALL StructuredOutput {"bird": 7}\nCALL StructuredOutput {"bird": "heron"}',
    "--model",
    "endpoint/wren-1",
    "--schema",
    "bird.json",
  );
  expect(result.code).toBe(0);
  expect(JSON.parse(result.stdout)).toEqual({ bird: "heron" });
  expect(model.requests.at(-1)?.body).toMatchObject({ model: "wren-1" });
});

test("[A-26, I-11] a model that there is not is a wrong use that names it, and leaves no session", async () => {
  const result = await build("SAY x", "--model", "endpoint/robin-1");
  expect(result).toMatchObject({ code: 2, stdout: "" });
  expect(result.stderr).toContain('native:build has no model "endpoint/robin-1"');
  expect(result.stderr).toContain("endpoint/heron-1, endpoint/wren-1");
  const list = await house.run(["--json", "session", "list"]);
  expect((JSON.parse(list.stdout) as { items: unknown[] }).items).toHaveLength(1);
});

test("[R-2.2, I-11] a schema that cannot be read is a wrong use that names it", async () => {
  const result = await build("SAY x", "--schema", "missing.json");
  expect(result).toMatchObject({ code: 2, stdout: "" });
  expect(result.stderr).toContain("missing.json is no schema");
});
