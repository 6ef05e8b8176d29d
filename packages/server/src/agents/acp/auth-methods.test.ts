import { describe, expect, test } from "vitest";
import { authMethodsOf, loginError } from "./auth-methods.ts";

const argv = ["/bin/agent", "--acp"];

describe("[A-25] the ways to log in that an agent offers", () => {
  test("one of its own is called, one for a terminal is a command", () => {
    const authMethods = [
      { id: "key", name: "A key", description: "From the environment" },
      { id: "tty", name: "Sign in", type: "terminal", args: ["login", 7] },
      { id: "bare" },
    ];
    expect(authMethodsOf({ authMethods }, { argv })).toEqual([
      { id: "key", name: "A key", description: "From the environment" },
      { id: "tty", name: "Sign in", command: ["/bin/agent", "--acp", "login"] },
      { id: "bare", name: "bare" },
    ]);
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["no list", { authMethods: "key" }],
    ["methods without an id", { authMethods: [{ name: "x" }, null, "key", { id: "" }, { id: 7 }] }],
  ])("%s: none", (_what, initialized) => {
    expect(authMethodsOf(initialized, { argv })).toEqual([]);
  });

  test("a list without an end is cut, and so are its words", () => {
    const authMethods = Array.from({ length: 100 }, (_, at) => ({ id: `m${at}`, name: "x".repeat(100_000) }));
    const methods = authMethodsOf({ authMethods }, { argv });
    expect(methods).toHaveLength(16);
    expect(methods[0]?.name).toHaveLength(1_024);
  });
});

test("[A-25] the error names them, and is a ProviderAuthError whatever they are", () => {
  const methods = [
    { id: "key", name: "A key" },
    { id: "tty", name: "Sign in", command: ["/bin/agent", "login"] },
  ];
  expect(loginError("a", "who are you", methods)).toEqual({
    name: "ProviderAuthError",
    data: {
      providerId: "a",
      message:
        "a wants a login: who are you. It offers: A key (method key); Sign in (in a terminal: /bin/agent login).",
      methods,
    },
  });
  expect(loginError("a", "who are you", []).data).toEqual({
    providerId: "a",
    message: "a wants a login: who are you. Log in with the program itself, then try again.",
  });
});
