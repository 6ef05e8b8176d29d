import { expect, test } from "vitest";
import { type Allowance, isPathWithin, narrowed, unenforceable, wholeRights } from "./attenuation.ts";
import { refRequest } from "./ref-method.ts";

test("[S-14] every right but append brings read, and rights come once and in one order", () => {
  expect(wholeRights(["share", "comment", "share"])).toEqual(["read", "comment", "share"]);
  expect(wholeRights(["append"])).toEqual(["append"]);
  expect(wholeRights([])).toEqual([]);
});

const PARENT: Allowance = {
  rights: ["read", "approve", "share"],
  caveats: { expiresAt: 100, maxUses: 5, audience: "Ada", tools: ["a", "b"], paths: ["src", "docs/x"] },
};

test.each<[string, Parameters<typeof narrowed>[1], ReturnType<typeof narrowed>]>([
  [
    "what is not said is inherited",
    { rights: ["approve"], caveats: {} },
    { allowed: { ...PARENT, rights: ["read", "approve"] } },
  ],
  ["a right that the parent has not", { rights: ["read", "admin"], caveats: {} }, { widens: "admin" }],
  ["append below what reads", { rights: ["append"], caveats: {} }, { widens: "append" }],
  ["a later end", { rights: ["read"], caveats: { expiresAt: 101 } }, { widens: "expiresAt" }],
  ["more uses", { rights: ["read"], caveats: { maxUses: 6 } }, { widens: "maxUses" }],
  ["somebody else", { rights: ["read"], caveats: { audience: "Bob" } }, { widens: "audience" }],
  ["another tool", { rights: ["approve"], caveats: { tools: ["a", "c"] } }, { widens: "tools" }],
  ["a path beside", { rights: ["approve"], caveats: { paths: ["src/a", "docs"] } }, { widens: "paths" }],
  [
    "less of everything",
    { rights: ["approve"], caveats: { expiresAt: 1, maxUses: 1, tools: ["b"], paths: ["docs/x/y"] } },
    {
      allowed: {
        rights: ["read", "approve"],
        caveats: { expiresAt: 1, maxUses: 1, audience: "Ada", tools: ["b"], paths: ["docs/x/y"] },
      },
    },
  ],
  [
    "limits of approve do not go to a child without it",
    { rights: ["read"], caveats: {} },
    { allowed: { rights: ["read"], caveats: { expiresAt: 100, maxUses: 5, audience: "Ada" } } },
  ],
])("[S-15] a child is narrower: %s", (_name, asked, result) => {
  expect(narrowed(PARENT, asked)).toEqual(result);
});

test.each([
  ["src", "src", true],
  ["src", "src/a/b", true],
  ["src/", "./src//a", true],
  [".", "anything", true],
  ["src", "srcs", false],
  ["src", "src/../etc", false],
  ["..", "../x", false],
  ["src", "/src", false],
  ["src", "C:/src", false],
  ["src", "src\\..\\x", false],
])("[S-14] below %s is %s: %s", (directory, path, is) => {
  expect(isPathWithin(directory, path)).toBe(is);
});

test("[S-14] tools and paths can be kept on approve alone", () => {
  const caveats = { tools: ["a"] };
  expect(unenforceable({ rights: ["read", "approve"], caveats })).toBeUndefined();
  expect(unenforceable({ rights: ["read", "approve", "prompt"], caveats })).toBe("tools");
  expect(unenforceable({ rights: ["read"], caveats: { paths: ["x"] } })).toBe("paths");
  expect(unenforceable({ rights: ["read", "prompt"], caveats: {} })).toBeUndefined();
});

test("[S-11] a call of a ref is one request, whichever way it comes", () => {
  const sessionId = "ses_01111111111111111111111101";
  expect(refRequest("readMessages", { sessionId, limit: 5, before: undefined })).toEqual({
    method: "GET",
    path: `/api/sessions/${sessionId}/messages`,
    query: { limit: "5" },
  });
  expect(refRequest("prompt", { sessionId, parts: [] })).toEqual({
    method: "POST",
    path: `/api/sessions/${sessionId}/inputs`,
    body: { parts: [] },
    query: {},
  });
  expect(refRequest("redeem", {})).toEqual({ method: "POST", path: "/api/refs/redeem", body: {}, query: {} });
});
