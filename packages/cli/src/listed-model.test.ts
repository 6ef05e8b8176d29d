import { expect, test } from "vitest";
import { requireListedModel } from "./listed-model.ts";

const listing = (...ids: string[]) => ({
  listModels: () =>
    Promise.resolve({
      items: ids.map((id) => ({
        id,
        providerId: "",
        modelId: id.slice(id.indexOf("/") + 1),
        name: id,
        variants: [],
        isDefault: false,
      })),
      keys: { file: "", missing: [] },
    }),
});
const asked = (agent: string | undefined, model: string | undefined, ...ids: string[]) =>
  requireListedModel(listing(...ids), { agent, model }).then(
    () => "taken",
    (error: unknown) => (error instanceof Error ? error.message : ""),
  );

test("[A-26] a native agent takes a model by its id or its name alone, and no other", async () => {
  expect(await asked("native:build", "p/org/m", "p/org/m")).toBe("taken");
  expect(await asked("native:plan", "org/m", "p/org/m")).toBe("taken");
  expect(await asked("native:build", "p/x", "p/org/m")).toBe(
    'native:build has no model "p/x". `holdfast models` lists what it has: p/org/m.',
  );
  const many = Array.from({ length: 10 }, (_, index) => `p/${index}`);
  expect(await asked("native:build", "x", ...many)).toMatch(/p\/7, and 2 more\.$/);
});

test("[A-26] what other agents have, and why there are none at all, is not judged here", async () => {
  expect(await asked("qwen", "x", "p/m")).toBe("taken");
  expect(await asked(undefined, "x", "p/m")).toBe("taken");
  expect(await asked("native:build", undefined, "p/m")).toBe("taken");
  expect(await asked("native:build", "x")).toBe("taken");
});
