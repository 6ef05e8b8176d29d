import { expect, test } from "vitest";
import type { Hooks } from "../hooks/index.ts";
import type { PermissionAnswer, PermissionAsk } from "../wire.ts";
import { permit } from "./permission.ts";

/** Asks with a hook that says so, of a server that answers so. */
async function asking(status: "ask" | "allow" | "deny", answer: PermissionAnswer) {
  const asked: PermissionAsk[] = [];
  const host = { ask: (request: PermissionAsk) => (asked.push(request), Promise.resolve(answer)) };
  const hooks: Hooks = {
    has: () => true,
    run: (_name, _input, output) => Promise.resolve(Object.assign(output, { status })),
  };
  const denial = new AbortController();
  const outcome = await permit(
    { host: host as never, hooks, denial, who: { sessionId: "ses_1", agent: "native:build" } },
    { callId: "c1", tool: "bash", input: {}, signal: new AbortController().signal },
    { title: "rm x", kind: "execute", patterns: ["rm x"] },
  ).then(
    () => "allowed",
    (error: { why?: string }) => error.why,
  );
  return { outcome, isDenied: denial.signal.aborted, allowed: asked.map(({ isAllowed }) => isAllowed) };
}

test("[A-19] a yes of a hook's goes to the server, where a mode that refuses stands above it", async () => {
  expect(await asking("allow", { action: "once" })).toEqual({
    outcome: "allowed",
    isDenied: false,
    allowed: [true],
  });
  expect(await asking("allow", { action: "denied" })).toEqual({
    outcome: "denied",
    isDenied: false,
    allowed: [true],
  });
});

test("[A-19] a hook that says nothing asks, and one that says no does not", async () => {
  expect(await asking("ask", { action: "once" })).toMatchObject({ outcome: "allowed", allowed: [undefined] });
  expect(await asking("deny", { action: "once" })).toEqual({
    outcome: "reject",
    isDenied: true,
    allowed: [],
  });
});
