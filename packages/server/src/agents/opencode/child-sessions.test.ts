import { expect, test } from "vitest";
import type { FakeEvent } from "../../../test/agents/fake-opencode.ts";
import { SessionEvents } from "../../../test/agents/opencode-events.ts";
import { OpencodeRoom, type SentPrompt } from "../../../test/agents/opencode-room.ts";

const CHILD = "ses_child";

/** What the stream brings of a session that a call made: the looks at the session of the prompt show nothing of it. */
async function hear(room: OpencodeRoom, ...events: FakeEvent[]): Promise<void> {
  for (const event of events) await room.fake.tell(event);
}

const made = (id: string, parentID: string, title: string): FakeEvent => ({
  type: "session.created",
  properties: { sessionID: id, info: { id, parentID, title } },
});

const task = (sessionId: string, status: "running" | "completed") => ({
  type: "tool",
  tool: "task",
  state: {
    status,
    input: { prompt: "look" },
    metadata: { sessionId },
    time: { start: 1 },
    ...(status === "completed" ? { output: "a tree", title: "Look" } : {}),
  },
});

const children = ({ turn }: SentPrompt) => turn.children.map(({ childId, told }) => [childId, told]);

test("[R-9.5] a session that opencode makes for a part of its work is told from what it was asked to its end, with the call that stands for it", async () => {
  const room = new OpencodeRoom();
  const { fake, say } = room;
  const sent = await room.prompt();
  await room.begin(sent);
  const child = new SessionEvents(CHILD);
  await hear(room, made(CHILD, say.sessionID, "Look (@explore subagent)"));
  await fake.play(
    say.part({ id: "prt_t", messageID: "msg_a1", callID: "call_1", ...task(CHILD, "running") }),
  );
  await hear(
    room,
    child.user("msg_c1"),
    child.part({ id: "prt_c1", messageID: "msg_c1", type: "text", text: "look around" }),
    child.part({ id: "prt_c2", messageID: "msg_c1", type: "text", text: "machine-written", synthetic: true }),
    child.status("busy"),
    child.answer("msg_c2", "msg_c1"),
    child.text("prt_c3", "msg_c2", ""),
    child.delta("prt_c3", "msg_c2", "a tree"),
    child.answer("msg_c2", "msg_c1", { finish: "stop" }),
    child.status("idle"),
    child.idle(),
    child.delta("prt_c3", "msg_c2", " too late"),
  );
  await fake.play(
    say.part({ id: "prt_t", messageID: "msg_a1", callID: "call_1", ...task(CHILD, "completed") }),
  );
  await room.finish(sent, "done");
  await sent.result;
  const tokens = { total: 2, input: 1, output: 1 };
  const step = { type: "step", stepId: "msg_c2", parentId: "msg_c1", tokens };
  expect(children(sent)).toEqual([
    [CHILD, { type: "began", title: "Look (@explore subagent)", prompt: "look around", callId: "call_1" }],
    [CHILD, { type: "said", event: step }],
    [CHILD, { type: "said", event: { type: "text", text: "a tree", streamId: "prt_c3" } }],
    [CHILD, { type: "said", event: { ...step, finish: "stop" } }],
    [CHILD, { type: "ended", finish: "stop", usage: expect.objectContaining({ scope: "turn" }) as object }],
  ]);
  expect(sent.turn.text).toBe("done");
  expect(sent.turn.notes("late")).toEqual([]);
});

test("[R-9.5] a child that is asked again is another turn, one that its own child is told as its, and an error is its end", async () => {
  const room = new OpencodeRoom();
  const sent = await room.prompt();
  await room.begin(sent);
  const [child, below] = [new SessionEvents(CHILD), new SessionEvents("ses_below")];
  await hear(
    room,
    made(CHILD, room.say.sessionID, "Look"),
    child.user("msg_c1"),
    child.answer("msg_c2", "msg_c1"),
    child.part({ id: "prt_t", messageID: "msg_c2", callID: "call_1", ...task("ses_below", "running") }),
    made("ses_below", CHILD, "Count"),
    below.user("msg_d1"),
    below.answer("msg_d2", "msg_d1"),
    below.error("MessageAbortedError", "Aborted"),
    below.idle(),
    child.user("msg_c3"),
    child.answer("msg_c4", "msg_c3"),
    child.answer("msg_c4", "msg_c3", { error: { name: "UnknownError", data: { message: "broken" } } }),
    child.idle(),
  );
  await room.finish(sent, "done");
  const told = children(sent).map(([id, each]) => {
    const { type, error, ...rest } = each as { type: string; error?: { name: string } };
    return [id, type, error?.name ?? ("callId" in rest ? rest : undefined)];
  });
  expect(told.filter(([, type]) => type !== "said")).toEqual([
    [CHILD, "began", undefined],
    ["ses_below", "began", { title: "Count", prompt: "", callId: "call_1", parentId: CHILD }],
    ["ses_below", "ended", "MessageAbortedError"],
    [CHILD, "ended", undefined],
    [CHILD, "began", undefined],
    [CHILD, "ended", "AgentReportedError"],
  ]);
});

test("[R-9.5] what a child says when no prompt runs is nobody's", async () => {
  const room = new OpencodeRoom();
  const sent = await room.prompt();
  await room.begin(sent);
  const child = new SessionEvents(CHILD);
  await hear(
    room,
    made(CHILD, room.say.sessionID, "Look"),
    child.user("msg_c1"),
    child.answer("msg_c2", "msg_c1"),
  );
  await room.finish(sent, "done");
  await sent.result;
  const before = children(sent).length;
  await hear(room, child.text("prt_c3", "msg_c2", "late", true), child.idle());
  expect(children(sent)).toHaveLength(before);
  expect(room.fake.idle).toEqual([]);
});
