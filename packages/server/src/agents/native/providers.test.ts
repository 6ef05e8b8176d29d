import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { createProviders, findOffered, type ProvidersDeps, secretsOfProviders } from "./providers.ts";

const home = mkdtempSync(path.join(tmpdir(), "holdfast-providers-"));
const keysFile = path.join(home, "keys.json");

beforeEach(() => rmSync(keysFile, { force: true }));
afterAll(() => rmSync(home, { recursive: true }));

const providers = (over: Partial<ProvidersDeps> = {}) =>
  createProviders({ providers: {}, environment: {}, keysFile, ...over });
const keys = (text: string, mode = 0o600) => writeFileSync(keysFile, text, { mode });
const idsOf = async (over: Partial<ProvidersDeps>) =>
  (await providers(over).access()).providers.map(({ id, kind, key }) => [id, kind, key]);

describe("[A-26] which providers there are", () => {
  test.each<[string, Partial<ProvidersDeps>, unknown[]]>([
    ["none", {}, []],
    ["an empty variable", { environment: { OPENAI_API_KEY: "" } }, []],
    ["one of a variable", { environment: { OPENAI_API_KEY: "k" } }, [["openai", "openai", "k"]]],
    [
      "the first variable of two",
      { environment: { GEMINI_API_KEY: "one", GOOGLE_GENERATIVE_AI_API_KEY: "two" } },
      [["google", "google", "one"]],
    ],
    [
      "another variable, as it is set",
      {
        environment: { MINE: "k", ANTHROPIC_API_KEY: "not this" },
        providers: { anthropic: { keyVariable: "MINE" } },
      },
      [["anthropic", "anthropic", "k"]],
    ],
    [
      "an endpoint of the configuration, without a key",
      { providers: { local: { baseUrl: "http://127.0.0.1:1/v1", models: { small: {} } } } },
      [["local", "openai-compatible", undefined]],
    ],
    [
      "its key by its name",
      {
        providers: { "my-box": { baseUrl: "http://127.0.0.1:1/v1", models: { small: {} } } },
        environment: { MY_BOX_API_KEY: "k" },
      },
      [["my-box", "openai-compatible", "k"]],
    ],
    [
      "an endpoint without models is none",
      { providers: { local: { baseUrl: "http://127.0.0.1:1/v1" } } },
      [],
    ],
    [
      "the endpoint of the variables goes first",
      { endpoint: { url: "http://127.0.0.1:1/v1", model: "m" }, environment: { ANTHROPIC_API_KEY: "k" } },
      [
        ["endpoint", "openai-compatible", undefined],
        ["anthropic", "anthropic", "k"],
      ],
    ],
  ])("%s", async (_name, over, wanted) => {
    expect(await idsOf(over)).toEqual(wanted);
  });

  test("[A-26] an endpoint without an address is none, and it is said which; the others work", async () => {
    const given = { providers: { local: { models: { small: {} } } }, environment: { LOCAL_API_KEY: "k" } };
    const why = "providers.local of the configuration has no baseUrl, and speaks as OpenAI's does.";
    expect(await providers(given).access()).toEqual({ providers: [], problem: why });
    const both = { ...given, environment: { ...given.environment, OPENAI_API_KEY: "k" } };
    const { providers: usable, problem } = await providers(both).access();
    expect([usable.map(({ id }) => id), problem]).toEqual([["openai"], why]);
  });

  test("[A-26] a key of the file is used, one of a variable before it, and it is read anew", async () => {
    const given = providers({ environment: { OPENAI_API_KEY: "variable" } });
    const before = await given.access();
    keys('{"openai": "file", "anthropic": "file"}');
    const after = await given.access();
    expect(after.providers.map(({ key }) => key)).toEqual(["file", "variable"]);
    expect(given.fingerprint(after)).not.toBe(given.fingerprint(before));
    expect(given.fingerprint(after)).not.toContain("file");
  });

  test("[A-26] the list says where keys are looked for, and which variables of theirs are missing", async () => {
    const given = providers({
      environment: { OPENAI_API_KEY: "k" },
      providers: { local: { baseUrl: "http://127.0.0.1:1/v1", models: { small: {} } } },
    });
    const missing = (...ids: [string, string][]) =>
      ids.map(([providerId, variable]) => ({ providerId, variable }));
    const google: [string, string] = ["google", "GEMINI_API_KEY"];
    expect((await given.list()).keys).toEqual({
      file: keysFile,
      missing: missing(["anthropic", "ANTHROPIC_API_KEY"], google),
    });
    keys('{"anthropic": "file"}');
    expect((await given.list()).keys).toEqual({ file: keysFile, missing: missing(google) });
    keys("{");
    expect((await given.list()).keys.problem).toContain("is no JSON");
    expect(JSON.stringify((await given.list()).keys)).not.toContain('"k"');
  });

  test.each([
    ["{", 0o600, /is no JSON/],
    ['["a"]', 0o600, /is no object of keys/],
    ['{"openai": "a"}', 0o640, /can be read by others.*chmod 600/],
  ])(
    "[A-26] a file with %s and mode %i is refused, and says why without what is in it",
    async (text, mode, message) => {
      keys(text, mode);
      const given = providers();
      expect(await given.problem()).toMatch(message);
      expect(await given.list()).toMatchObject({
        items: [],
        problem: expect.stringMatching(message) as unknown,
      });
    },
  );

  test("[A-26] of none it is said what to do", async () => {
    expect(await providers().problem()).toMatch(
      /ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY.*keys\.json.*HOLDFAST_MODEL/,
    );
    expect(await providers({ environment: { OPENAI_API_KEY: "k" } }).problem()).toBeUndefined();
  });
});

describe("[A-26] models", () => {
  const own = {
    local: {
      baseUrl: "http://127.0.0.1:1/v1",
      models: { small: { name: "Small", context: 40_000, output: 32_000, price: { input: 1, output: 2 } } },
    },
    anthropic: { models: { "claude-haiku-4-5": { context: 5 }, "claude-next": {} } },
  };

  test("[A-26] the list has what ships with what the configuration says laid over it, and which one is used unasked", async () => {
    const { items } = await providers({
      providers: own,
      environment: { ANTHROPIC_API_KEY: "k" },
      model: "local/small",
    }).list();
    expect(items.find(({ id }) => id === "local/small")).toEqual({
      id: "local/small",
      providerId: "local",
      modelId: "small",
      name: "Small",
      context: 40_000,
      output: 32_000,
      price: { input: 1, output: 2 },
      variants: [],
      isDefault: true,
    });
    expect(items.find(({ id }) => id === "anthropic/claude-haiku-4-5")).toMatchObject({
      name: "Claude Haiku 4.5",
      context: 5,
      price: { input: 1, output: 5 },
      variants: ["high", "max"],
      isDefault: false,
    });
    expect(items.find(({ id }) => id === "anthropic/claude-next")).toMatchObject({
      name: "claude-next",
      variants: [],
    });
    expect(items.filter(({ isDefault }) => isDefault)).toHaveLength(1);
  });

  test.each([
    [{ modelId: "small" }, { providerId: "local", modelId: "small" }],
    [{ modelId: "local/small" }, { providerId: "local", modelId: "small" }],
    [
      { providerId: "local", modelId: "small" },
      { providerId: "local", modelId: "small" },
    ],
    [
      { providerId: "anthropic", modelId: "small" },
      expect.stringContaining("model: there is no anthropic/small"),
    ],
    [
      { modelId: "small", variant: "high" },
      expect.stringContaining("model.variant: small has no variant high"),
    ],
    [
      { modelId: "claude-haiku-4-5", variant: "max" },
      { providerId: "anthropic", modelId: "claude-haiku-4-5", variant: "max" },
    ],
    [
      { modelId: "claude-haiku-4-5", variant: "constructor" },
      expect.stringContaining("no variant constructor"),
    ],
  ])("[A-7] %j", async (asked, found) => {
    const { providers: given } = await providers({
      providers: own,
      environment: { ANTHROPIC_API_KEY: "k" },
    }).access();
    expect(findOffered(given, asked)).toEqual(found);
  });

  test("[A-26] keys and headers are secrets, the longest first", () => {
    expect(
      secretsOfProviders([
        { id: "a", kind: "openai", key: "short", models: {}, headers: { "x-key": "much longer" } },
        { id: "b", kind: "openai", models: {} },
      ]),
    ).toEqual(["much longer", "short"]);
  });
});
