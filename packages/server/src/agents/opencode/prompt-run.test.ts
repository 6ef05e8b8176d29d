import type { Part } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { noAnswer } from "../../../test/agents/fake-opencode.ts";
import { OpencodeRoom } from "../../../test/agents/opencode-room.ts";
import { RecordedTurn } from "../../../test/agents/recorded-turn.ts";
import { ApiError } from "./api.ts";

const texts = (turn: RecordedTurn) =>
  turn.events.flatMap((event) =>
    event.type === "text" ? [`${event.whole === true ? "=" : "+"}${event.text}`] : [],
  );

describe("sending a prompt", () => {
  test("[A-16] what nobody answered is looked up by its id and never sent again", async () => {
    const { fake, say, ...room } = new OpencodeRoom();
    let posts = 0;
    let id = "";
    const api = fake.api();
    const original = api.prompt.bind(api);
    api.prompt = async (session, body) => {
      posts += 1;
      id = body.messageID;
      await original(session, body);
      throw noAnswer();
    };
    const turn = new RecordedTurn();
    const result = room.handle.prompt(OpencodeRoom.words("hello"), turn);
    await fake.pass(1_000);
    await fake.play(say.user(id), say.status("busy"), say.answer("msg_a1", id));
    await fake.pass(1_000);
    await fake.play(say.text("prt_1", "msg_a1", "hi", true), say.answer("msg_a1", id, { finish: "stop" }));
    await fake.play(say.status("idle"), say.idle());
    expect(await result).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
    expect(posts).toBe(1);
    expect(turn.text).toBe("hi");
  });

  test("[A-16] a turn that is over before its prompt was answered ends at once", async () => {
    const { fake, say, handle } = new OpencodeRoom();
    const answered = Promise.withResolvers<void>();
    const api = fake.api();
    const original = api.prompt.bind(api);
    api.prompt = async (session, body) => {
      await original(session, body);
      await answered.promise;
    };
    const result = handle.prompt(OpencodeRoom.words("hello"), new RecordedTurn());
    await fake.pass();
    const id = fake.prompts.at(-1)?.messageID ?? "";
    await fake.play(say.user(id), say.answer("msg_a1", id, { finish: "stop" }), say.idle());
    answered.resolve();
    await fake.pass();
    expect(await result).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
  });

  test("[A-7, R-8.2] an agent that opencode does not have fails the turn before anything is sent; one that it has goes along", async () => {
    const { fake, handle } = new OpencodeRoom();
    const facts = { events: [], models: new Map(), commands: new Set<string>() };
    handle.describe(Promise.resolve({ ...facts, subagents: [{ name: "general" }] }));
    const mention = (name: string) => {
      const { parts } = OpencodeRoom.words("go");
      const [{ id, sessionId, messageId }] = parts as [Part];
      return { parts: [...parts, { id, sessionId, messageId, type: "agent" as const, name }] };
    };
    const refused = handle.prompt(mention("nobody"), new RecordedTurn());
    await fake.pass();
    expect(fake.prompts).toEqual([]);
    const message = "parts: opencode has no agent nobody. It has general.";
    expect(await refused).toMatchObject({
      outcome: "failed",
      error: { data: { phase: "prompt", message } },
    });
    void handle.prompt(mention("general"), new RecordedTurn());
    await fake.pass();
    expect(fake.prompts[0]?.parts).toContainEqual({ type: "agent", name: "general" });
  });

  test("[A-23] a command has begun when its message is there, and its answers are the turn's", async () => {
    const { fake, say, handle } = new OpencodeRoom();
    const facts = { events: [], models: new Map(), commands: new Set(["init"]), subagents: [] };
    handle.describe(Promise.resolve(facts));
    const done = Promise.withResolvers<void>();
    const api = fake.api();
    const original = api.command.bind(api);
    api.command = async (session, command, body) => {
      await original(session, command, body);
      await done.promise;
    };
    const turn = new RecordedTurn();
    const result = handle.prompt(OpencodeRoom.words("/init here"), turn);
    await fake.pass();
    const id = fake.prompts.at(-1)?.messageID ?? "";
    expect([fake.commands, fake.prompts.at(-1)?.command?.arguments]).toEqual([["init"], "here"]);
    await fake.play(say.user(id), say.status("busy"), say.answer("msg_a1", id));
    await fake.pass(500);
    await fake.play(say.text("prt_1", "msg_a1", "made", true), say.answer("msg_a1", id, { finish: "stop" }));
    await fake.play(say.status("idle"), say.idle());
    expect(await result).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
    expect(turn.text).toBe("made");
    done.reject(noAnswer());
  });

  test("[A-16] what never arrived fails once it was looked for long enough", async () => {
    const { fake, handle } = new OpencodeRoom();
    let posts = 0;
    fake.before = (route) => {
      if (route !== "prompt") return;
      posts += 1;
      throw noAnswer();
    };
    const result = handle.prompt(OpencodeRoom.words("hello"), new RecordedTurn());
    for (let looks = 0; looks < 25; looks += 1) await fake.pass(500);
    expect(await result).toMatchObject({
      outcome: "failed",
      error: { name: "AgentError", data: { phase: "prompt" } },
    });
    expect(posts).toBe(1);
    expect(handle.alive).toBe(true);
  });

  test("[A-16] a refusal is believed at once", async () => {
    const { fake, handle } = new OpencodeRoom();
    const asked: string[] = [];
    fake.before = (route) => {
      asked.push(route);
      if (route === "prompt") throw new ApiError("prompt", 404, "Session not found");
    };
    const result = await handle.prompt(OpencodeRoom.words("hello"), new RecordedTurn());
    expect(result).toMatchObject({ outcome: "failed" });
    expect(JSON.stringify(result)).toContain("Session not found");
    expect(asked).toEqual(["running", "subscribed", "isBusy", "prompt"]);
  });

  test("[A-23] nothing is sent before its events arrive", async () => {
    const { fake, handle } = new OpencodeRoom();
    fake.before = (route) => {
      if (route === "subscribed") throw noAnswer();
    };
    expect(await handle.prompt(OpencodeRoom.words("hello"), new RecordedTurn())).toMatchObject({
      outcome: "failed",
    });
    expect(fake.prompts).toEqual([]);
  });
});

describe("content", () => {
  test("[A-23] a lost delta heals by the final part, and nothing appears twice", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(say.text("prt_1", "msg_a1", ""), say.delta("prt_1", "msg_a1", "He"));
    fake.apply(say.delta("prt_1", "msg_a1", "l"));
    await fake.play(say.delta("prt_1", "msg_a1", "lo"), say.text("prt_1", "msg_a1", "Hello", true));
    await fake.play(say.text("prt_1", "msg_a1", "Hello", true), say.delta("prt_1", "msg_a1", "!"));
    await fake.play(say.answer("msg_a1", sent.id, { finish: "stop" }), say.status("idle"), say.idle());
    await sent.result;
    expect(texts(sent.turn)).toEqual(["+He", "+lo", "=Hello"]);
  });

  test("[A-23, A-24] what a broken stream did not bring is looked up when it is open again", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(say.text("prt_1", "msg_a1", ""), say.delta("prt_1", "msg_a1", "Hel"));
    for (const event of [
      say.text("prt_1", "msg_a1", "Hello", true),
      say.answer("msg_a1", sent.id, { finish: "tool-calls" }),
      say.answer("msg_a2", sent.id),
      say.text("prt_2", "msg_a2", "Bye", true),
      say.answer("msg_a2", sent.id, { finish: "stop" }),
      say.status("idle"),
    ])
      fake.apply(event);
    await fake.pass();
    expect(sent.settled()).toBeUndefined();
    fake.reopened();
    expect(await sent.result).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
    expect(texts(sent.turn)).toEqual(["+Hel", "+lo", "+Bye"]);
  });

  test("[A-23] a turn of many steps is looked up back to its beginning, in a session with a long past", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    for (let number = 0; number < 40; number += 1) fake.apply(say.user(`msg_0${number}`));
    const asked: number[] = [];
    fake.before = (route) => {
      if (route === "messages") asked.push(1);
    };
    const sent = await room.prompt();
    await room.begin(sent, "msg_a10");
    for (let step = 10; step < 22; step += 1) {
      fake.apply(say.answer(`msg_a${step}`, sent.id));
      fake.apply(say.text(`prt_${step}`, `msg_a${step}`, `step ${step}.`, true));
      fake.apply(say.answer(`msg_a${step}`, sent.id, { finish: step === 21 ? "stop" : "tool-calls" }));
    }
    fake.apply(say.status("idle"));
    fake.reopened();
    expect(await sent.result).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
    expect(texts(sent.turn)).toEqual(Array.from({ length: 12 }, (_, step) => `+step ${step + 10}.`));
    expect(asked).toHaveLength(2);
  });

  test("[A-23] a look does not take back what deltas brought: stored parts lag behind", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(say.text("prt_1", "msg_a1", ""), say.delta("prt_1", "msg_a1", "Hello"));
    fake.reopened();
    await fake.pass();
    await room.finish(sent, "done");
    expect(texts(sent.turn)).toEqual(["+Hello", "+done"]);
  });

  test("[A-16] content of other messages never enters the turn", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(
      say.user("msg_other"),
      say.part({ id: "prt_u", messageID: "msg_other", type: "text", text: "typed elsewhere" }),
      say.answer("msg_z9", "msg_other"),
      say.text("prt_z", "msg_z9", "for somebody else", true),
      say.delta("prt_y", "msg_z9", "and more"),
    );
    await room.finish(sent, "mine");
    expect(sent.turn.text).toBe("mine");
    expect(sent.turn.notes("late").map((note) => note.type === "late" && note.kind)).toEqual([
      "message.part.updated",
      "message.part.delta",
    ]);
  });

  test("[A-16, R-14.3] what goes on after a compaction is the turn's, and its summary is a step of its own", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(
      say.text("prt_1", "msg_a1", "before", true),
      say.answer("msg_a1", sent.id, { finish: "tool-calls" }),
      say.user("msg_u2"),
      say.part({ id: "prt_c", messageID: "msg_u2", type: "compaction", auto: true }),
      say.answer("msg_v1", "msg_u2", { finish: "stop", summary: true }),
      say.text("prt_s", "msg_v1", "the summary", true),
      say.user("msg_v2"),
      say.part({ id: "prt_g", messageID: "msg_v2", type: "text", text: "go on", synthetic: true }),
      say.answer("msg_v3", "msg_v2"),
    );
    await fake.play(
      say.text("prt_2", "msg_v3", " and after", true),
      say.answer("msg_v3", "msg_v2", { finish: "stop" }),
      say.status("idle"),
      say.idle(),
    );
    expect(await sent.result).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
    expect(sent.turn.text).toBe("beforethe summary and after");
    const told = sent.turn.events.filter(({ type }) => type === "step" || type === "compaction");
    const summary = told.find((event) => event.type === "step" && event.stepId === "msg_v1");
    expect(summary).toMatchObject({ parentId: "msg_u2", summary: true });
    expect(told.filter(({ type }) => type === "compaction")).toEqual([
      { type: "compaction", stepId: "msg_v1", auto: true, isDone: true },
    ]);
  });

  test("[A-16, R-14.3] what opencode says once more for the user after an overflow is answered in the same turn", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    const asked = { id: "prt_c", messageID: "msg_u2", type: "compaction", auto: true, overflow: true };
    await fake.play(
      say.answer("msg_a1", sent.id, {}),
      say.user("msg_u2"),
      say.part(asked),
      say.answer("msg_v1", "msg_u2"),
      say.part({ ...asked, tail_start_id: "msg_t" }),
      say.answer("msg_v1", "msg_u2", { finish: "stop", summary: true }),
      say.user("msg_v2"),
      say.text("prt_u", "msg_v2", "the user's words"),
      say.answer("msg_v3", "msg_v2"),
      say.text("prt_2", "msg_v3", "the answer", true),
      say.answer("msg_v3", "msg_v2", { finish: "stop" }),
      say.status("idle"),
      say.idle(),
    );
    expect(await sent.result).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
    expect(sent.turn.text).toBe("the answer");
    expect(sent.turn.notes("late")).toEqual([]);
    expect(sent.turn.events.findLast(({ type }) => type === "compaction")).toEqual({
      type: "compaction",
      stepId: "msg_v1",
      auto: true,
      overflow: true,
      tailStartId: "msg_t",
      isDone: true,
    });
  });

  test("[A-23] what a provider says of a text beside its words is told once, with the whole text, and not when it is huge", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    const thought = (text: string, metadata: object | undefined, end?: number) =>
      say.part({
        id: "prt_r",
        messageID: "msg_a1",
        type: "reasoning",
        text,
        metadata,
        time: { start: 1, end },
      });
    const sealed = { anthropic: { signature: "s" } };
    await fake.play(
      thought("", undefined),
      say.delta("prt_r", "msg_a1", "hm"),
      thought("", { anthropic: { signature: "x".repeat(70_000) } }),
      thought("hm", sealed, 2),
      thought("hm", sealed, 2),
    );
    await room.finish(sent, "done");
    const told = sent.turn.events.filter(({ type }) => type === "reasoning");
    expect(told).toEqual([
      { type: "reasoning", text: "hm", streamId: "prt_r" },
      { type: "reasoning", text: "hm", streamId: "prt_r", whole: true, metadata: sealed },
    ]);
  });

  test("[A-23] calls that a provider numbers anew in each answer stay apart", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    const done = { status: "completed", input: { command: "x" }, output: "1", title: "x" };
    await fake.play(say.tool("prt_1", "msg_a1", "call_0", done), say.answer("msg_a2", sent.id));
    await fake.play(say.tool("prt_2", "msg_a2", "call_0", { ...done, output: "2" }));
    await fake.play(say.tool("prt_2", "msg_a2", "call_0", { ...done, output: "late" }));
    const calls = sent.turn.events.flatMap((event) =>
      event.type === "tool" ? [[event.update.callId, event.update.output]] : [],
    );
    expect(calls).toEqual([
      ["call_0", "1"],
      ["call_0:prt_2", "2"],
    ]);
  });

  test("[A-12] unknown kinds are kept, retries are told, malformed events harm nobody", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(
      say.other("session.dreamt", { of: "sheep" }),
      say.retry("overloaded"),
      say.other("message.part.updated", { part: 7 }),
      say.other("message.updated"),
      say.other("permission.asked"),
      say.other("todo.updated", { todos: [{ content: "write", status: "pending", priority: "high" }] }),
    );
    await room.finish(sent, "fine");
    expect(sent.turn.notes("raw", "session.dreamt")).toHaveLength(1);
    expect(sent.turn.events.filter(({ type }) => type === "retry")).toContainEqual({
      type: "retry",
      failed: {
        attempt: 1,
        error: { name: "APIError", data: { message: "overloaded", isRetryable: true } },
        next: 1,
      },
    });
    expect(sent.turn.events).toContainEqual({
      type: "plan",
      todos: [{ content: "write", status: "pending", priority: "high" }],
    });
    expect(sent.turn.text).toBe("fine");
  });

  test("[A-12] while the recorder is not ready nothing more is taken", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    const gate = Promise.withResolvers<void>();
    sent.turn.gate = gate.promise;
    let isTaken = false;
    const taken = fake.tell(say.status("busy")).then(() => (isTaken = true));
    await fake.pass();
    expect(isTaken).toBe(false);
    gate.resolve();
    await taken;
  });
});
