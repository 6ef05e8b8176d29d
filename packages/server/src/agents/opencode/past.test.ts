import { expect, test } from "vitest";
import { OpencodeRoom } from "../../../test/agents/opencode-room.ts";

const completed = (compacted?: number) => ({
  status: "completed",
  input: {},
  output: "out",
  title: "t",
  metadata: {},
  time: { start: 1, end: 2, ...(compacted === undefined ? {} : { compacted }) },
});

test("[R-14.4] what opencode takes back during a prompt is told by its names, and told anew when it comes again", async () => {
  const room = new OpencodeRoom();
  const { fake, say } = room;
  const sent = await room.prompt();
  await room.begin(sent);
  await fake.play(
    say.text("prt_1", "msg_a1", ""),
    say.delta("prt_1", "msg_a1", "first"),
    say.tool("prt_2", "msg_a1", "call_0", completed()),
    say.removed("msg_a1", "prt_1"),
    say.delta("prt_1", "msg_a1", " lost"),
    say.removed("msg_a1", "prt_2"),
    say.text("prt_1", "msg_a1", "first again", true),
    say.tool("prt_2", "msg_a1", "call_0", completed()),
  );
  await room.finish(sent, "done");
  const told = sent.turn.events.filter(({ type }) => ["text", "tool", "removed"].includes(type));
  expect(told).toMatchObject([
    { type: "text", text: "first", streamId: "prt_1" },
    { type: "tool", update: { callId: "call_0", partId: "prt_2", status: "completed" } },
    { type: "removed", messageId: "msg_a1", partId: "prt_1" },
    { type: "removed", messageId: "msg_a1", partId: "prt_2" },
    { type: "text", text: "first again", streamId: "prt_1" },
    { type: "tool", update: { callId: "call_0", partId: "prt_2", status: "completed" } },
    { type: "text", text: "done" },
  ]);
  expect(sent.turn.notes("late")).toEqual([]);
  expect((await sent.result).outcome).toBe("ended");
});

test.each(["prt_1", undefined])(
  "[R-14.4] what it takes back while a look is under way (%j) is not told anew by that look, and by a later one only when it came again",
  async (partId) => {
    const room = new OpencodeRoom();
    const { fake, say } = room;
    const sent = await room.prompt();
    await room.begin(sent);
    await fake.play(say.answer("msg_a2", sent.id), say.text("prt_1", "msg_a2", "gone", true));
    let isDue = true;
    fake.after = (route) => {
      if (route !== "messages" || !isDue) return;
      isDue = false;
      void fake.play(say.removed("msg_a2", partId));
    };
    fake.reopened();
    await fake.pass();
    fake.after = () => undefined;
    expect(isDue).toBe(false);
    const texts = () => sent.turn.events.filter(({ type }) => type === "text" || type === "removed");
    expect(texts().map(({ type }) => type)).toEqual(["text", "removed"]);
    fake.apply(say.answer("msg_a2", sent.id));
    fake.apply(say.text("prt_1", "msg_a2", "back", true));
    fake.reopened();
    await room.finish(sent, "done", "msg_a3");
    expect(texts().slice(2)).toMatchObject([{ text: "back" }]);
  },
);

test("[R-14.4] what it takes back, or no longer gives to its model, of earlier turns is told at any time; what a person said is not its to take", async () => {
  const room = new OpencodeRoom();
  const { fake, say } = room;
  const sent = await room.prompt();
  await room.begin(sent);
  await fake.play(say.tool("prt_2", "msg_a1", "call_0", completed()));
  await room.finish(sent, "done");
  await sent.result;
  await fake.tell(say.tool("prt_2", "msg_a1", "call_0", completed(7)));
  await fake.tell(say.removed("msg_a1", "prt_2"));
  await fake.tell(say.removed("msg_a1"));
  await fake.tell(say.removed(sent.id));
  expect(fake.idle).toEqual([
    { type: "outputCleared", messageId: "msg_a1", partId: "prt_2", time: 7 },
    { type: "removed", messageId: "msg_a1", partId: "prt_2" },
    { type: "removed", messageId: "msg_a1" },
  ]);
  const next = await room.prompt();
  await room.begin(next, "msg_b1");
  await fake.tell(say.tool("prt_0", "msg_old", "call_9", completed(8)));
  await room.finish(next, "well", "msg_b1");
  expect(next.turn.events).toContainEqual({
    type: "outputCleared",
    messageId: "msg_old",
    partId: "prt_0",
    time: 8,
  });
  expect(next.turn.notes("late")).toEqual([]);
});
