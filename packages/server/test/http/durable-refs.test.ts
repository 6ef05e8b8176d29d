import { durable, intentsInMemory, intentsOverHttp } from "@holdfast/client";
import { type CreatedRef, type Right, type SessionId } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ServerUnderTest } from "./server-under-test.ts";

describe("durable calls of a ref on a real server", () => {
  let server: ServerUnderTest;
  let id: SessionId;
  let secret: string;
  beforeAll(async () => {
    server = await ServerUnderTest.start();
  });
  beforeEach(async () => {
    id = await server.createSession();
    const rights: Right[] = ["comment", "prompt", "share"];
    const body = { target: { kind: "session", id }, rights };
    secret = (await server.call<CreatedRef>("POST", "/api/refs", body, 201)).secret ?? "";
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** A network that loses answers for as long as `loses` says so: the server has done then what nobody heard of. */
  const overHttp = (loses: () => boolean = () => false) =>
    intentsOverHttp({
      url: server.url,
      token: secret,
      fetch: async (...request) => {
        const response = await fetch(...request);
        if (!loses()) return response;
        await response.body?.cancel();
        throw new TypeError("fetch failed");
      },
    });
  const parts = (text: string) => [{ type: "text" as const, text }];

  test("[S-27] an answer that is lost, and a program that ends then, make one input, with the answer for the next program", async () => {
    const intents = intentsInMemory();
    let isLost = true;
    const first = await durable({ intents, transports: [overHttp(() => isLost)] });
    const call = first.call("prompt", { sessionId: id, parts: parts("once") });
    await vi.waitFor(async () => expect((await server.sessions.listInputs(id)).items).toHaveLength(1));
    await first.close();
    isLost = false;
    const second = await durable({ intents, transports: [overHttp()] });
    const admitted = (await second.result(call.opId)) as { input: { id: string } };
    const { items } = await server.sessions.listInputs(id);
    expect(items.map((input) => input.id)).toEqual([admitted.input.id]);
    await second.close();
  });

  test("[S-27] calls of one tick go in order, and what an earlier one answers stands in a later one", async () => {
    const ref = await durable({ intents: intentsInMemory(), transports: [overHttp()] });
    const asked = ref.call("prompt", { sessionId: id, parts: parts("a") });
    const said = ref.call("comment", {
      sessionId: id,
      on: asked.field("message", "info", "id"),
      text: "about it",
    });
    const taken = ref.call("cancel", { turnId: asked.field("turn", "id") });
    const { input, message } = await asked.result;
    expect((await said.result).on).toBe(message.info.id);
    expect((await taken.result).state).toBe("aborted");
    expect((await server.sessions.getInput(input.id)).state).toBe("removed");
    await ref.close();
  });

  test("[S-27] what is refused fails alone with what needs it, also when the ref is taken back meanwhile", async () => {
    const ref = await durable({ intents: intentsInMemory(), transports: [overHttp()] });
    const refused = ref.call("prompt", { sessionId: id, parts: parts("/init") });
    const needs = ref.call("cancel", { turnId: refused.field("turn", "id") });
    const other = ref.call("prompt", { sessionId: id, parts: parts("fine") });
    await expect(refused.result).rejects.toMatchObject({ code: "UNPROCESSABLE" });
    await expect(needs.result).rejects.toMatchObject({ code: "DEPENDENCY_UNMET" });
    expect((await other.result).input.state).toBe("queued");
    const { items } = await server.store.listRefs({ sessionId: id, limit: 1, now: Date.now() });
    await server.call("POST", `/api/refs/${items[0]?.id}/revoke`, {});
    const late = ref.call("prompt", { sessionId: id, parts: parts("late") });
    await expect(late.result).rejects.toMatchObject({ code: "REF_NOT_VALID" });
    await ref.close();
  });

  test("[S-25] a narrower ref that is asked for with a lost answer is made once, and its secret works", async () => {
    let losses = 1;
    const ref = await durable({
      intents: intentsInMemory(),
      transports: [overHttp(() => losses-- > 0)],
      wait: () => new Promise((resume) => setTimeout(resume, 0)),
    });
    const { items } = await server.store.listRefs({ sessionId: id, limit: 1, now: Date.now() });
    const parentId = items[0]?.id ?? ("" as never);
    const made = await ref.call("attenuate", { parentId, rights: ["read"] }).result;
    const headers = { authorization: `Bearer ${made.secret}` };
    const redeemed = await server.fetch("/api/refs/redeem", { method: "POST", json: {}, headers });
    expect([redeemed.status, ((await redeemed.json()) as { ref: { id: string } }).ref.id]).toEqual([
      200,
      made.ref.id,
    ]);
    expect((await server.store.listRefs({ sessionId: id, limit: 9, now: Date.now() })).items).toHaveLength(2);
    await ref.close();
  });
});
