import { describe, expect, test } from "vitest";
import { OpencodeRoom } from "../../../test/agents/opencode-room.ts";

describe("steps", () => {
  test("[R-1.6, A-16] each answer of opencode's is a step, told in order and once, with its own end and usage", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(
      say.answer("msg_a1", sent.id, { finish: "tool-calls" }),
      say.answer("msg_a1", sent.id, { finish: "tool-calls" }),
      say.answer("msg_a2", sent.id),
    );
    // A look shows all of them again.
    room.fake.reopened();
    await fake.pass();
    await room.finish(sent, "done", "msg_a2");
    await sent.result;
    await fake.tell(say.answer("msg_a2", sent.id, { finish: "stop" }));
    const tokens = { total: 2, input: 1, output: 1 };
    expect(sent.turn.events.filter(({ type }) => type === "step")).toEqual([
      { type: "step", stepId: "msg_a1", parentId: sent.id, tokens },
      { type: "step", stepId: "msg_a1", parentId: sent.id, finish: "tool-calls", tokens },
      { type: "step", stepId: "msg_a2", parentId: sent.id, tokens },
      { type: "step", stepId: "msg_a2", parentId: sent.id, finish: "stop", tokens },
    ]);
    expect(sent.turn.notes("late")).toEqual([]);
  });

  test("[R-1.6] an answer that is first heard of behind a newer one begins no step, and its words are kept", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(say.answer("msg_a3", sent.id));
    for (const event of [say.answer("msg_a2", sent.id), say.text("prt_2", "msg_a2", "missed ", true)])
      await fake.tell(event);
    await room.finish(sent, "words", "msg_a3");
    const steps = sent.turn.events.flatMap((event) => (event.type === "step" ? [event.stepId] : []));
    expect(new Set(steps)).toEqual(new Set(["msg_a1", "msg_a3"]));
    expect(sent.turn.text).toBe("missed words");
  });

  test("[R-1.6, A-23] what an earlier answer still says is told whole", async () => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(say.text("prt_1", "msg_a1", ""), say.delta("prt_1", "msg_a1", "He"));
    await fake.play(say.answer("msg_a2", sent.id), say.text("prt_1", "msg_a1", "Hello", true));
    await room.finish(sent, "done", "msg_a2");
    expect(sent.turn.events).toContainEqual({ type: "text", text: "Hello", streamId: "prt_1", whole: true });
  });
});
