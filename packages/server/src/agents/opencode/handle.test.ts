import { describe, expect, test } from "vitest";
import { noAnswer } from "../../../test/agents/fake-opencode.ts";
import { OpencodeRoom } from "../../../test/agents/opencode-room.ts";

describe("the end of a turn", () => {
  test.each([
    ["stop", { outcome: "ended", stopReason: "end_turn" }],
    ["length", { outcome: "ended", stopReason: "max_tokens" }],
    ["content-filter", { outcome: "failed", error: { name: "ContentFilterError" } }],
    ["unknown", { outcome: "ended", stopReason: "end_turn" }],
  ])("[A-25] finish %s", async (finish, expected) => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(say.answer("msg_a1", sent.id, { finish }), say.status("idle"), say.idle());
    expect(await sent.result).toMatchObject(expected);
  });

  test("[A-16] an error that no message carries ends the turn when the session stays quiet", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await fake.play(say.user(sent.id), say.error("UnknownError", "no such model"), say.idle());
    await fake.pass(500);
    expect(sent.settled()).toBeUndefined();
    for (let looks = 0; looks < 6; looks += 1) await fake.pass(500);
    expect(await sent.result).toMatchObject({
      outcome: "failed",
      error: { name: "AgentReportedError", data: { message: "no such model" } },
    });
  });

  test("[A-16] an error that the turn before ended with is not the next one's", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const first = await room.prompt();
    await room.begin(first);
    const error = { name: "APIError", data: { message: "no" } };
    for (const event of [say.answer("msg_a1", first.id, { error }), say.status("idle")]) fake.apply(event);
    await fake.tell(say.idle());
    expect(await first.result).toMatchObject({ outcome: "failed", error: { name: "APIError" } });
    const second = await room.prompt();
    await fake.tell(say.error("APIError", "no"));
    for (let looks = 0; looks < 10; looks += 1) await fake.pass(500);
    expect(second.settled()).toBeUndefined();
  });

  test("[A-16] a prompt that nobody ever works on is stranded, not waited for without end", async () => {
    const room = new OpencodeRoom();
    const sent = await room.prompt();
    await room.fake.play(room.say.user(sent.id));
    for (let looks = 0; looks < 150 && sent.settled() === undefined; looks += 1) await room.fake.pass(500);
    expect(await sent.result).toMatchObject({ outcome: "failed", error: { name: "AgentError" } });
  });

  test("[A-16] idle events only make us look: a busy session goes on", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    for (let times = 0; times < 5; times += 1) {
      await fake.tell(say.idle());
      await fake.tell(say.status("idle"));
      await fake.pass(1_000);
    }
    expect(sent.settled()).toBeUndefined();
    await room.finish(sent, "now");
    expect(await sent.result).toMatchObject({ stopReason: "end_turn" });
  });

  test("[A-24] without any event the session is looked at from time to time", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    for (const event of [
      say.user(sent.id),
      say.answer("msg_a1", sent.id),
      say.text("p", "msg_a1", "hi", true),
    ])
      fake.apply(event);
    fake.apply(say.answer("msg_a1", sent.id, { finish: "stop" }));
    await fake.pass(30_000);
    expect(await sent.result).toMatchObject({ stopReason: "end_turn" });
    expect(sent.turn.text).toBe("hi");
  });
});

describe("permission requests", () => {
  test("[A-19] one that the stream brings and a look finds again is asked once, and a lost answer is given again", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(
      say.tool("prt_1", "msg_a1", "call_0", {
        status: "running",
        input: { command: "touch x", why: "test" },
      }),
    );
    let losses = 1;
    fake.before = (route) => {
      if (route === "replyPermission" && (losses -= 1) >= 0) throw noAnswer();
    };
    await fake.play(say.asked("per_1", { tool: { messageID: "msg_a1", callID: "call_0" } }));
    fake.reopened();
    await fake.pass(1_000);
    expect(sent.turn.asks).toMatchObject([
      { callId: "call_0", kind: "execute", args: { command: "touch x", why: "test" } },
    ]);
    expect(fake.replies).toContainEqual({ requestId: "per_1", reply: "once" });
  });

  test("[A-19] one that the stream never brought is found when it is open again", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    fake.apply(say.asked("per_1"));
    sent.turn.answer = () => "reject";
    fake.reopened();
    await fake.pass();
    expect(sent.turn.asks).toHaveLength(1);
    expect(fake.replies).toEqual([{ requestId: "per_1", reply: "reject" }]);
  });

  test.each([
    ["reject", undefined],
    ["cancelled", undefined],
    ["denied", "Not allowed: the session's approval mode does not permit it."],
    ["expired", "Not allowed: nobody answered in time."],
  ] as const)("[A-19] %s is a no with the words %j", async (answer, message) => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    sent.turn.answer = () => answer;
    await fake.play(say.asked("per_1"));
    await fake.pass();
    expect(fake.replies).toEqual([
      { requestId: "per_1", reply: "reject", ...(message === undefined ? {} : { message }) },
    ]);
  });

  test("[A-19] without a prompt it is refused, and so is a question", async () => {
    const { fake, say } = new OpencodeRoom();
    await fake.play(say.asked("per_1"), say.other("question.asked", { id: "que_1" }));
    await fake.pass();
    expect(fake.replies).toEqual([
      { requestId: "per_1", reply: "reject" },
      { requestId: "que_1", reply: "question rejected" },
    ]);
  });

  const which = {
    sessionID: "ses_fake",
    questions: [
      { question: "Which port?", header: "Port", options: [{ label: "80", description: "usual" }] },
      { question: "Which days?", header: "Days", multiple: true, custom: false, options: [{ label: "Mon" }] },
    ],
  };

  test("[A-19] a question is asked once, answered by lists of labels, and a lost answer is given again", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    sent.turn.tell = () => ({ action: "accept", content: { question_1: "8080" } });
    let losses = 1;
    fake.before = (route) => {
      if (route === "replyQuestion" && (losses -= 1) >= 0) throw noAnswer();
    };
    await fake.play(say.other("question.asked", { id: "que_1", ...which }));
    fake.reopened();
    await fake.pass(1_000);
    expect(sent.turn.questions).toMatchObject([
      {
        message: "Port, Days",
        fields: [
          {
            name: "question_1",
            type: "one",
            title: "Port",
            description: "Which port?",
            custom: true,
            options: [{ value: "80", label: "80", description: "usual" }],
          },
          { name: "question_2", type: "many", custom: false },
        ],
      },
    ]);
    expect(fake.replies).toContainEqual({ requestId: "que_1", reply: '[["8080"],[]]' });
  });

  test("[A-19] a question that was answered in opencode is asked no more, and nothing is said to it", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    sent.turn.tell = (_question, withdrawn) =>
      new Promise((resolve) => withdrawn.addEventListener("abort", () => resolve({ action: "cancel" })));
    await fake.play(say.other("question.asked", { id: "que_1", ...which }));
    await fake.play(say.other("question.replied", { requestID: "que_1", answers: [] }));
    await fake.pass(1_000);
    expect(sent.turn.questions).toHaveLength(1);
    expect(fake.replies).toEqual([]);
  });

  test("[A-19] a question that is declined, and one that nobody could be shown, are rejected", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    await room.begin(await room.prompt());
    await fake.play(say.other("question.asked", { id: "que_1", ...which }));
    await fake.play(say.other("question.asked", { id: "que_2", questions: "none" }));
    await fake.pass();
    expect(fake.replies).toEqual([
      { requestId: "que_2", reply: "question rejected" },
      { requestId: "que_1", reply: "question rejected" },
    ]);
  });

  test("[A-15] a cancel answers what is still asked with no", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    sent.turn.answer = () => new Promise(() => undefined);
    await fake.play(say.asked("per_1"));
    const cancelled = room.handle.cancel();
    await fake.play(say.answer("msg_a1", sent.id, { error: { name: "MessageAbortedError" } }), say.idle());
    await cancelled;
    await fake.pass();
    expect(fake.replies).toEqual([{ requestId: "per_1", reply: "reject" }]);
  });
});

describe("stopping", () => {
  test("[A-15] a cancel before the prompt was taken is told after it, and again while the session stays busy", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const taken = Promise.withResolvers<void>();
    const api = fake.api();
    const original = api.prompt.bind(api);
    api.prompt = async (session, body) => {
      await taken.promise;
      await original(session, body);
    };
    const sent = await room.prompt();
    const cancelled = room.handle.cancel();
    await fake.pass();
    expect(fake.aborts).toBe(0);
    taken.resolve();
    await fake.pass();
    const id = fake.prompts.at(-1)?.messageID ?? "";
    expect(fake.aborts).toBe(1);
    await fake.play(say.user(id), say.status("busy"), say.answer("msg_a1", id), say.idle());
    fake.apply(say.status("busy"));
    await fake.pass(500);
    await fake.pass(500);
    expect(fake.aborts).toBeGreaterThan(1);
    await fake.play(
      say.answer("msg_a1", id, { error: { name: "MessageAbortedError" } }),
      say.status("idle"),
      say.idle(),
    );
    await cancelled;
    expect(await sent.result).toMatchObject({ outcome: "ended", stopReason: "cancelled" });
    expect(room.handle.alive).toBe(true);
  });

  test("[A-15] the first idle event of an abort is not its end: the text that comes behind it is kept", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(say.text("prt_1", "msg_a1", ""), say.delta("prt_1", "msg_a1", "w1"));
    void room.handle.cancel();
    await fake.play(say.error("MessageAbortedError", "Aborted"), say.status("idle"), say.idle());
    await fake.pass(500);
    expect(sent.settled()).toBeUndefined();
    await fake.play(
      say.text("prt_1", "msg_a1", "w1 w2", true),
      say.answer("msg_a1", sent.id, { error: { name: "MessageAbortedError" } }),
      say.status("idle"),
      say.idle(),
    );
    expect(await sent.result).toMatchObject({ stopReason: "cancelled" });
    expect(sent.turn.text).toBe("w1 w2");
  });

  test.each([
    [true, 0],
    [false, 1],
  ])(
    "[A-15] deaf to the cancel on a server that others use (%s): the session is left behind",
    async (isShared, ends) => {
      const room = new OpencodeRoom();
      const { fake } = room;
      fake.isShared = isShared;
      const sent = await room.prompt();
      await room.begin(sent);
      const cancelled = room.handle.cancel();
      for (let times = 0; times < 12; times += 1) await fake.pass(500);
      await cancelled;
      expect(await sent.result).toEqual({ outcome: "killed" });
      expect(room.handle.alive).toBe(false);
      expect(room.exits).toEqual([{ expected: true }]);
      expect([fake.ends, fake.isReleased]).toEqual([ends, true]);
    },
  );

  test("[A-9] closing ends a running prompt and lets the server go", async () => {
    const room = new OpencodeRoom();
    const sent = await room.prompt();
    await room.begin(sent);
    const closed = room.handle.close(100);
    await room.fake.pass(100);
    await room.fake.pass();
    await closed;
    expect(await sent.result).toEqual({ outcome: "killed" });
    expect(room.fake.isReleased).toBe(true);
    await room.handle.close();
    expect(room.exits).toHaveLength(1);
  });
});

describe("a process that is gone", () => {
  test("[A-17] a running prompt crashes after its handle was told of; nothing comes behind it", async () => {
    const room = new OpencodeRoom();
    const order: string[] = [];
    room.handle.onExit(({ expected }) => order.push(`exit ${expected}`));
    const sent = await room.prompt();
    void sent.result.then(({ outcome }) => order.push(outcome));
    await room.begin(sent);
    expect(room.fake.die(false)).toBe(false);
    expect(await sent.result).toMatchObject({ outcome: "crashed", error: { name: "AgentError" } });
    expect(order).toEqual(["exit false", "crashed"]);
    expect(room.handle.alive).toBe(false);
  });

  test("[A-24] one that we ended interrupts the prompt and is no crash", async () => {
    const room = new OpencodeRoom();
    const sent = await room.prompt();
    await room.begin(sent);
    room.fake.die(true);
    expect(await sent.result).toEqual({ outcome: "killed" });
    expect(room.exits).toEqual([{ expected: true }]);
  });

  test("[A-24] an idle handle waits for the next process and works on it", async () => {
    const room = new OpencodeRoom();
    expect(room.fake.die(false)).toBe(true);
    expect(room.handle.alive).toBe(true);
    const sent = await room.prompt();
    await room.begin(sent);
    await room.finish(sent, "on the next one");
    expect(await sent.result).toMatchObject({ stopReason: "end_turn" });
  });
});

describe("approval modes", () => {
  test("[A-20] rules are added when the mode changes, once, and checked", async () => {
    const { fake, handle } = new OpencodeRoom();
    const routes: string[] = [];
    fake.before = (route) => routes.push(route);
    await handle.configure({ approvalMode: "ask" });
    await handle.configure({ approvalMode: "ask" });
    await handle.configure({ approvalMode: "all" });
    expect(routes).toEqual(["getSession", "addRules", "getSession", "addRules"]);
  });

  test("[A-20] a session that does not take them cannot hold the mode", async () => {
    const { fake, handle } = new OpencodeRoom();
    fake.api().addRules = async () => ({});
    await expect(handle.configure({ approvalMode: "ask" })).rejects.toMatchObject({
      code: "AGENT_UNAVAILABLE",
    });
  });
});
