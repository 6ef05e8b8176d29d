import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AdmitInput, ApprovalMode, ToolPart } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";

type Asking = {
  name: string;
  mode?: ApprovalMode;
  timeoutMs?: number;
  /** What happens while it is asked. */
  meanwhile?: (permissionId: string, turnId: string) => Promise<unknown>;
};

/** A turn that wants to write a file and is not allowed to: its call, and its request where there was one. */
async function notAllowed(server: HoldfastProcess, { name, mode = "ask", timeoutMs, meanwhile }: Asking) {
  const { client } = server;
  const directory = await server.place(name);
  const session = await client.createSession({ directory, agent: "rehearsal", approvalMode: mode });
  const input: AdmitInput = { parts: [{ type: "text", text: "WRITE a.txt no" }] };
  if (timeoutMs !== undefined) input.permissionTimeoutMs = timeoutMs;
  const { turn } = await client.admitInput(session.id, input);
  const requests = async () => (await client.listPermissions({ sessionId: session.id })).items;
  if (meanwhile !== undefined) {
    const request = await until("the request", async () => (await requests())[0]);
    await meanwhile(request.id, turn.id);
  }
  await until("the end", async () => (await client.getTurn(turn.id)).time.ended);
  const { items } = await client.listMessages(session.id);
  const calls = items.flatMap(({ parts }) => parts).filter((part): part is ToolPart => part.type === "tool");
  expect(calls, name).toHaveLength(1);
  expect(existsSync(join(directory, "a.txt")), name).toBe(false);
  return { call: calls[0], request: (await requests())[0] };
}

test("[A-19] who or what said no is told as it was, on the request and on the call", async () => {
  await using root = await temporaryDirectory("not-allowed");
  await using server = await startHoldfast({ root: root.path });
  const { client } = server;
  const unanswered = await notAllowed(server, { name: "unanswered", timeoutMs: 0 });
  expect(unanswered.request).toMatchObject({ state: "expired", expiry: "deadline" });
  expect(unanswered.request).not.toHaveProperty("reply");
  expect(unanswered.call).toMatchObject({
    tool: "write",
    state: { status: "error", error: "Not allowed: nobody answered in time." },
    metadata: { notAllowed: "expired", agentSaid: "permission was not given" },
  });

  const readOnly = await notAllowed(server, { name: "readOnly", mode: "readOnly" });
  expect(readOnly.request).toBeUndefined();
  expect(readOnly.call).toMatchObject({
    state: { status: "error", error: "Not allowed: the session's approval mode does not permit it." },
    metadata: { notAllowed: "denied" },
  });

  const stopped = await notAllowed(server, {
    name: "stopped",
    meanwhile: (_, turnId) => client.cancelTurn(turnId),
  });
  expect(stopped.request).toMatchObject({ state: "expired", expiry: "turnEnded" });
  expect(stopped.call).toMatchObject({
    state: { status: "error", error: "Not allowed: the turn was stopped before anybody answered." },
    metadata: { notAllowed: "cancelled" },
  });

  const rejected = await notAllowed(server, {
    name: "rejected",
    meanwhile: (id) => client.replyPermission(id, { reply: "reject" }),
  });
  expect(rejected.request).toMatchObject({ state: "replied", reply: "reject", actor: { kind: "owner" } });
  expect(rejected.call).toMatchObject({ state: { status: "error", error: "permission was not given" } });
  expect(rejected.call).not.toHaveProperty("metadata");
});
