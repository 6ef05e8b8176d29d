/** What an agent takes back of what it said, and what its model no longer gets. */
import { HoldfastError, newId, silentLogger } from "@holdfast/kernel";
import { expect, test, vi } from "vitest";
import type { AgentEvent } from "../../src/agents/index.ts";
import { IdleEvents } from "../../src/turn/record/index.ts";
import { recorderUnderTest } from "./recorder-under-test.ts";

const step = (stepId: string): AgentEvent => ({ type: "step", stepId, parentId: "u9" });
const text = (chunk: string, streamId: string): AgentEvent => ({ type: "text", text: chunk, streamId });
const whole = (said: string, streamId: string): AgentEvent =>
  ({ ...text(said, streamId), whole: true }) as AgentEvent;
const call = (callId: string, partId: string, status: "running" | "completed"): AgentEvent => ({
  type: "tool",
  update: { callId, partId, status, tool: "bash", ...(status === "completed" ? { output: "out" } : {}) },
});
const removed = (messageId: string, partId?: string): AgentEvent =>
  partId === undefined ? { type: "removed", messageId } : { type: "removed", messageId, partId };

async function record(events: AgentEvent[], under = recorderUnderTest()) {
  under.recorder.begin();
  for (const event of events) under.recorder.emit(event);
  await under.recorder.fence(0);
  await under.recorder.flushed();
  expect(under.failures).toEqual([]);
  return under;
}

const names = (parts: readonly object[]) =>
  parts.map((part) => (part as { metadata?: { backend?: { partId: string } } }).metadata?.backend?.partId);

test("[R-14.4] parts of the running turn keep their names and go, and what comes under such a name again is a new part", async () => {
  const { log } = await record([
    step("s1"),
    text("one", "p1"),
    text(" more", "p1"),
    text("two", "p2"),
    call("c", "p3", "completed"),
    call("d", "p4", "running"),
    removed("s1", "p1"),
    removed("s1", "p3"),
    removed("s1", "p4"),
    text("again", "p1"),
    call("d", "p4", "completed"),
  ]);
  const said = log.parts.filter(({ type }) => type !== "step-start");
  expect(names(said)).toEqual(["p2", "p1", "p4"]);
  expect(log.texts("text")).toEqual(["two", "again"]);
  expect(log.tool("d").state.status).toBe("completed");
  expect(log.edits).toEqual([]);
});

test("[R-14.4] a whole text of a part that is gone begins it anew, and a try that fails marks only what is there", async () => {
  const error = { name: "APIError", data: { message: "busy", isRetryable: true } } as const;
  const { log } = await record([
    step("s1"),
    text("one", "p1"),
    text("two", "p2"),
    removed("s1", "p1"),
    { type: "retry", failed: { attempt: 1, error, next: 1 } },
    whole("one again", "p1"),
  ]);
  expect(log.parts.map((part) => [part.type, "attempt" in part ? part.attempt : undefined])).toEqual([
    ["step-start", undefined],
    ["text", 1],
    ["retry", undefined],
    ["text", undefined],
  ]);
  expect(log.texts("text")).toEqual(["two", "one again"]);
});

test("[R-14.4] an answer of the running turn that is gone stays as a step without its parts", async () => {
  const { log } = await record([
    step("s1"),
    text("one", "p1"),
    call("c", "p2", "running"),
    step("s2"),
    text("two", "p3"),
    removed("s1"),
    text("late", "p1"),
  ]);
  expect(log.texts("text")).toEqual(["two", "late"]);
  expect(log.parts.filter(({ type }) => type === "tool")).toEqual([]);
  expect(log.of("step")).toHaveLength(1);
});

test("[R-14.4] rows of turns that have ended are changed by their names; what nobody knows, or is refused, is left", async () => {
  const under = recorderUnderTest();
  const { log } = await record(
    [
      removed("a1"),
      removed("a1", "p1"),
      removed("a1", "unknown"),
      removed("unknown"),
      { type: "outputCleared", messageId: "a1", partId: "p1", time: 7 },
    ],
    under,
  );
  const actor = { id: "agent:rehearsal", kind: "agent", label: "rehearsal" };
  expect(log.edits).toEqual([
    ["removeMessage", { messageId: "msg_of_a1", actor }],
    ["removePart", { partId: "prt_of_p1", actor }],
    ["clearOutput", { partId: "prt_of_p1", time: 7, actor }],
  ]);
  const refused = recorderUnderTest();
  refused.log.store.removeMessage = () => Promise.reject(new HoldfastError("SESSION_BUSY", "It ends."));
  await record([removed("a1"), text("goes on", "p9")], refused);
  expect(refused.log.texts("text")).toEqual(["goes on"]);
});

test("[R-14.4, A-16] what comes between turns waits for the end of the turn that it is about, and is given up then", async () => {
  const { log, clock } = recorderUnderTest();
  const idle = new IdleEvents({ store: log.store, clock, logger: silentLogger });
  const origin = { sessionId: newId("ses"), agentSessionId: newId("ags"), agent: "rehearsal" };
  const removeMessage = log.store.removeMessage.bind(log.store);
  let looks = 0;
  const busyFor = (times: number) => {
    log.store.removeMessage = (command) => {
      looks += 1;
      return looks > times
        ? removeMessage(command)
        : Promise.reject(new HoldfastError("SESSION_BUSY", "It ends."));
    };
  };
  busyFor(2);
  idle.emit(origin, undefined, { type: "removed", messageId: "a1" });
  await vi.waitFor(() => (clock.advance(250), expect(log.edits).toHaveLength(1)));
  looks = 0;
  busyFor(1_000);
  idle.emit(origin, undefined, { type: "removed", messageId: "a1" });
  await vi.waitFor(() => (clock.advance(250), expect(looks).toBe(20)));
  await idle.settled();
  expect(log.edits).toHaveLength(1);
});

test("[R-14.4] names of an agent that does not name its steps are not kept", async () => {
  const { log } = await record([text("one", "m1"), removed("s1", "m1")]);
  expect(log.parts.at(-1)).not.toHaveProperty("metadata");
  expect(log.texts("text")).toEqual(["one"]);
});
