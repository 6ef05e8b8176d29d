import { newId } from "@holdfast/kernel";
import type { FilePart, Part, PartOf } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { AdmitInputCommand } from "../../src/store/index.ts";
import { refusalOf } from "./refusal.ts";
import { keyed, OWNER, textPart } from "./rig.ts";
import { topic } from "./topic.ts";

export const admissionTopic = topic("admission", (rig) => {
  test("[D-5] an input stores everything resolved, and what runs later is what was admitted", async () => {
    const sessionId = await rig().session();
    const resolved = {
      agent: "qwen",
      model: { providerId: "p", modelId: "m", variant: "v" },
      format: { type: "json_schema", schema: { role: "assistant", type: "object" }, retryCount: 3 },
      system: "Be short.",
      tools: { shell: false },
      permissionTimeoutMs: 5_000,
    } satisfies Partial<AdmitInputCommand>;
    const { input, turn, message } = await rig().admit(sessionId, "Say hi.", {
      ...resolved,
      requestedDelivery: "steer",
    });
    expect(input).toMatchObject({
      ...resolved,
      state: "queued",
      requestedDelivery: "steer",
      delivery: "queue",
      parts: [{ type: "text", text: "Say hi." }],
      actor: OWNER,
    });
    expect(turn).toMatchObject({ state: "queued", agent: "qwen", model: resolved.model, attempts: 1 });
    expect(turn).toMatchObject({ inputId: input.id, messageId: message.info.id, assistantMessageIds: [] });
    await rig().store.patchSession({ sessionId, patch: { agent: "goose", model: null }, actor: OWNER });
    const run = await rig().start(sessionId);
    expect(run.input).toMatchObject(resolved);
    expect(run.turn).toMatchObject({ agent: "qwen", model: resolved.model });
    expect(run.agentSession).toMatchObject({ agent: "qwen", status: "new" });
    expect(run.message.info).toMatchObject({ agent: "qwen", model: resolved.model, system: "Be short." });
  });

  test("[D-5, R-17.23] admission is one transaction: every row has its event and no part is missing", async () => {
    const sessionId = await rig().session();
    const messageId = newId("msg");
    const place = { sessionId, messageId };
    const parts: Part[] = [
      textPart(place, "one"),
      { id: newId("prt"), ...place, type: "file", mime: "text/plain", url: "file:///a" } satisfies FilePart,
      { id: newId("prt"), ...place, type: "agent", name: "helper" },
      {
        id: newId("prt"),
        ...place,
        type: "subtask",
        prompt: "p",
        description: "d",
        agent: "qwen",
      } satisfies PartOf<"subtask">,
    ];
    const { message } = await rig().admit(sessionId, "", { messageId, parts });
    expect(message.parts).toEqual(parts.map((part, ordinal) => ({ ...part, ordinal })));
    expect(
      rig()
        .heard(sessionId, 1)
        .map((event) => event.type),
    ).toEqual([
      "input.admitted",
      "turn.queued",
      "message.updated",
      ...parts.map(() => "message.part.updated"),
      "session.updated",
    ]);
  });

  test("[D-5] twenty admissions at once with one key make one turn, also after a restart", async () => {
    const sessionId = await rig().session();
    const idempotency = keyed(newId("act"));
    const admit = () => rig().store.admitInput(rig().admission(sessionId, "once", { idempotency }));
    const answers = await Promise.all(Array.from({ length: 20 }, admit));
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
    expect(new Set(answers.map((answer) => answer.value.turn.id)).size).toBe(1);
    expect((await rig().store.listTurns({ sessionId, limit: 50 })).items).toHaveLength(1);
    await rig().reopen();
    expect((await admit()).value.turn.id).toBe(answers[0]?.value.turn.id);
    const other = rig().admission(sessionId, "other", {
      idempotency: { ...idempotency, bodyHash: "b".repeat(64) },
    });
    expect(await refusalOf(rig().store.admitInput(other))).toBe("IDEMPOTENCY_MISMATCH");
    expect((await rig().store.listTurns({ sessionId, limit: 50 })).items).toHaveLength(1);
  });

  test("[D-5] a replay answers the first ids with the present state", async () => {
    const sessionId = await rig().session();
    const command = rig().admission(sessionId, "x", { idempotency: keyed(newId("act")) });
    const first = await rig().store.admitInput(command);
    const run = await rig().start(sessionId);
    await rig().finish(run);
    const again = await rig().store.admitInput({ ...command, turnId: newId("trn"), inputId: newId("inp") });
    expect(again.replayed).toBe(true);
    expect(again.value.turn).toMatchObject({ id: first.value.turn.id, state: "completed" });
    expect(again.value.input).toMatchObject({ id: first.value.input.id, state: "delivered" });
  });

  test("[D-5] a repetition that is sent while the first request is uncommitted finds what that makes", async () => {
    const keys = [keyed(newId("act")), keyed(newId("act"))] as const;
    const sessionId = await rig().session();
    const session = rig().create({ idempotency: keys[0] });
    const ofSession = rig().store.findReplay(keys[0]);
    const admitted = rig().store.admitInput(rig().admission(sessionId, "x", { idempotency: keys[1] }));
    const ofInput = rig().store.findReplay(keys[1]);
    expect(await ofSession).toEqual({ session: (await session).value });
    expect(await ofInput).toEqual({ admitted: (await admitted).value });
    await rig().reopen();
    expect(await rig().store.findReplay(keys[1])).toEqual(await ofInput);
  });

  test("[D-5] a key has no replay when nothing was made under it or that is gone, and another body is a mismatch", async () => {
    const key = keyed(newId("act"));
    expect(await rig().store.findReplay(key)).toBeUndefined();
    const sessionId = await rig().session({ idempotency: key });
    const inputKey = keyed(newId("act"));
    await rig().store.admitInput(rig().admission(sessionId, "x", { idempotency: inputKey }));
    const other = rig().store.findReplay({ ...key, bodyHash: "b".repeat(64) });
    expect(await refusalOf(other)).toBe("IDEMPOTENCY_MISMATCH");
    await rig().store.deleteSession({ sessionId, actor: OWNER });
    expect(await rig().store.findReplay(key)).toBeUndefined();
    expect(await rig().store.findReplay(inputKey)).toBeUndefined();
  });

  test("[D-5] a key is scoped to its actor, method and route, and a refused request leaves none", async () => {
    const sessionId = await rig().session();
    const key = keyed(newId("act"));
    const scopes = [key, { ...key, actorId: "other" }, { ...key, method: "PUT" }, { ...key, route: "/else" }];
    for (const idempotency of scopes) {
      const made = await rig().store.admitInput(rig().admission(sessionId, "x", { idempotency }));
      expect(made.replayed).toBe(false);
    }
    const refused = rig().admission(newId("ses"), "x", { idempotency: { ...key, key: `late ${key.key}` } });
    expect(await refusalOf(rig().store.admitInput(refused))).toBe("NOT_FOUND");
    const made = await rig().store.admitInput({ ...refused, sessionId });
    expect(made.replayed).toBe(false);
  });

  test("[D-5] keys of inputs live as long as the session, others 30 days", async () => {
    const session = { idempotency: keyed(newId("act")), directory: `/keys/${newId("prj")}` };
    const first = (await rig().create(session)).value.id;
    const input = rig().admission(first, "x", { idempotency: keyed(newId("act")) });
    await rig().store.admitInput(input);
    await rig().age(31 * 86_400_000);
    await rig().store.sweepHousekeeping({ limit: 1_000 });
    expect((await rig().store.admitInput(input)).replayed).toBe(true);
    expect((await rig().create(session)).replayed).toBe(false);
  });

  test("[D-19] a turn that goes on counts its attempts", async () => {
    const sessionId = await rig().session();
    const first = await rig().admit(sessionId);
    const second = await rig().admit(sessionId, "go on", { resumes: first.turn.id });
    const third = await rig().admit(sessionId, "go on", { resumes: second.turn.id });
    expect([first, second, third].map(({ turn }) => turn.attempts)).toEqual([1, 2, 3]);
    expect(third.turn.resumes).toBe(second.turn.id);
  });

  test("[D-37] hostile text in every field comes back as it went in", async () => {
    const hostile = `'; DROP TABLE session; -- " \\ % _ ? :a @b $c \n\r\t \u2028 😀 é ${"x".repeat(300)}`;
    const { value } = await rig().create({
      title: hostile,
      model: { modelId: hostile },
      directory: `/${hostile}`,
    });
    expect(value).toMatchObject({ title: hostile, model: { modelId: hostile }, directory: `/${hostile}` });
    const actor = { id: hostile.slice(0, 128), kind: "ref", label: hostile } as const;
    const { input, message } = await rig().admit(value.id, hostile, {
      system: hostile,
      tools: { [hostile]: true },
      format: { type: "json_schema", schema: { [hostile]: hostile }, retryCount: 1 },
      actor,
      idempotency: keyed(hostile, hostile, hostile),
    });
    expect(input).toMatchObject({ system: hostile, tools: { [hostile]: true }, actor });
    expect(message.parts).toMatchObject([{ text: hostile }]);
    const run = await rig().start(value.id);
    expect(run.input.format).toEqual({
      type: "json_schema",
      schema: { [hostile]: hostile },
      retryCount: 1,
    });
    await rig().append(
      run,
      { op: "title", title: hostile },
      { op: "todos", todos: [{ content: hostile, status: "pending", priority: "low" }] },
    );
    await rig().ask(run, {
      title: hostile,
      tool: hostile,
      kind: hostile,
      args: { [hostile]: hostile },
      patterns: [hostile],
    });
    expect(await rig().store.listPermissions({ sessionId: value.id })).toMatchObject([
      { tool: hostile, patterns: [hostile] },
    ]);
    const error = { name: "UnknownError", data: { message: hostile } } as const;
    const ended = await rig().finish(run, { state: "failed", reason: "error", error, finish: hostile });
    expect(ended).toMatchObject({ error, finish: hostile });
  });

  test("[R-9.5] a session that only shows another one takes no input, and says whose it is", async () => {
    const parentId = await rig().session();
    const { value } = await rig().create({ parentId, mirrors: "ses_of_the_agent" });
    expect(value).toMatchObject({ parentId, mirrors: "ses_of_the_agent" });
    expect(await rig().readSession(value.id)).toEqual(value);
    expect(await rig().readSession(parentId)).not.toHaveProperty("mirrors");
    const refused = await rig()
      .store.admitInput(rig().admission(value.id))
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "CONFLICT", message: expect.stringContaining(parentId) as string });
  });
});
