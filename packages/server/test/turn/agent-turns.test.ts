import {
  isOwnWorkPart,
  type Message,
  type OutputFormat,
  type SessionId,
  type Turn,
} from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { PromptResult } from "../../src/agents/index.ts";
import type { StartAgentTurnCommand, Store } from "../../src/store/index.ts";
import { DataDirectory, OWNER, type Room } from "./room.ts";
import { endTurn, type Script, type ScriptedHandle } from "./scripted-agent.ts";

let directory: DataDirectory;
let room: Room;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
});
afterEach(() => room.crash());
afterAll(() => directory.remove());

/** A session whose agent has answered once, and is there. */
async function idle(more: Parameters<Room["createSession"]>[0] = {}) {
  const sessionId = await room.createSession(more);
  await room.ended(await room.say(sessionId, "begin"));
  const handle = room.agent.find(sessionId, "rehearsal");
  if (handle === undefined) throw new Error("The agent is not there.");
  return { sessionId, handle };
}

/** Says a text, and goes on until `end` or a cancel. */
function saying(text: string): { script: Script; end: () => void } {
  const over = Promise.withResolvers<PromptResult>();
  const script: Script = ({ sink, cancelled }) => {
    sink.emit({ type: "text", text });
    const stopped: Promise<PromptResult> = cancelled.then(() => ({
      outcome: "ended",
      stopReason: "cancelled",
    }));
    return Promise.race([over.promise, stopped]);
  };
  return { script, end: () => over.resolve(endTurn) };
}

const turnsOf = async (sessionId: SessionId): Promise<Turn[]> =>
  (await room.store.listTurns({ sessionId, limit: 50 })).items.toReversed();

/** The newest turn that an agent started by itself, once there is one. */
async function ownTurn(sessionId: SessionId, count = 1): Promise<Turn> {
  const own = async () => (await turnsOf(sessionId)).filter(({ inputId }) => inputId === undefined);
  await room.until(async () => (await own()).length, count);
  return (await own()).at(-1) as Turn;
}

const textsOf = ({ parts }: Message) => parts.flatMap((part) => (part.type === "text" ? [part.text] : []));

/** What was asked and said in a session: by whom, under which message, and in which words. */
async function saidIn(sessionId: SessionId) {
  const { items } = await room.store.pageMessages({ sessionId, limit: 100 });
  const place = (id: string) => items.findIndex(({ info }) => info.id === id);
  return items.map((message) => {
    const { info, parts } = message;
    const by = info.role === "assistant" ? place(info.parentId) : parts.some(isOwnWorkPart) ? "own" : "asked";
    return [by, ...textsOf(message)];
  });
}

test("[A-27, D-36] what an agent begins between two turns is a turn of its own that the agent started, with every word of it, and the queue waits for its end", async () => {
  const { sessionId, handle } = await idle();
  const { script, end } = saying("By myself.");
  handle.begin(script);
  const { id } = await ownTurn(sessionId);
  await room.until(() => room.text(id), "By myself.");
  expect(await room.session(sessionId)).toMatchObject({ status: "busy" });
  const next = await room.say(sessionId, "next");
  end();
  const turn = await room.ended(id);
  expect(turn).toMatchObject({
    state: "completed",
    actor: { id: "agent:rehearsal", kind: "agent" },
    opened: "resumed",
    openedBy: "live",
  });
  await room.ended(next);
  expect((await turnsOf(sessionId)).map((each) => each.id).slice(-2)).toEqual([id, next]);
  expect(await saidIn(sessionId)).toEqual([
    ["asked", "begin"],
    [0, "You said: begin"],
    ["own", "A background task ended."],
    [2, "By myself."],
    ["asked", "next"],
    [4, "You said: next"],
  ]);
  expect(room.agent.handoffs, "it saw all of this").toEqual(["", ""]);
});

test("[A-27] what it asks of a person is asked in that turn", async () => {
  const { sessionId, handle } = await idle();
  handle.begin(async ({ sink }) => {
    const ask = { tool: "bash", title: "Run it", kind: "execute", args: {}, patterns: ["ls"] };
    const answer = await sink.ask(ask);
    sink.emit({ type: "text", text: typeof answer === "string" ? answer : answer.reject });
    return endTurn;
  });
  const asked = await room.pending();
  const { id } = await ownTurn(sessionId);
  expect(asked.turnId).toBe(id);
  await room.permissions.reply({ permissionId: asked.id, reply: "once", actor: OWNER });
  await room.ended(id);
  expect(await room.text(id)).toBe("once");
});

test("[A-27] while another agent's turn runs it waits, and then comes before what is queued, also in a paused queue", async () => {
  const { sessionId, handle } = await idle();
  const other = saying("the other one");
  room.agent.next(other.script);
  const running = await room.say(sessionId, "you", { agent: "other" });
  await room.until(() => room.text(running), "the other one");
  const queued = await room.say(sessionId, "later");
  handle.begin(saying("mine").script);
  await room.store.pauseQueue({ sessionId, actor: OWNER });
  other.end();
  await room.ended(running);
  const { id } = await ownTurn(sessionId);
  await room.until(() => room.text(id), "mine");
  await room.turns.cancel({ turnId: id, actor: OWNER });
  await room.ended(id);
  expect((await room.turn(queued)).state).toBe("queued");
  await room.store.resumeQueue({ sessionId, actor: OWNER });
  room.turns.wake(sessionId);
  await room.ended(queued);
  expect(room.agent.handoffs.at(-1), "what the other one did it was not told before").toContain(
    "the other one",
  );
});

test("[A-27] a prompt overtakes nothing: what its agent began while it was made ready is a step of its own before it", async () => {
  const { sessionId, handle } = await idle();
  const own = saying("By myself.");
  // Such as an agent whose answer to the settings stands behind what it said by itself.
  room.agent.configuring = async (configured: ScriptedHandle) => {
    room.agent.configuring = undefined;
    configured.begin(own.script);
    await room.until(() => configured.hasBegun, false);
  };
  const turnId = await room.say(sessionId, "next");
  await room.until(async () => (await saidIn(sessionId)).some((said) => said[1] === "By myself."), true);
  expect(room.agent.prompts).toEqual(["begin"]);
  own.end();
  expect(await room.ended(turnId)).toMatchObject({
    state: "completed",
    inputId: expect.any(String) as unknown,
  });
  expect(room.agent.prompts).toEqual(["begin", "next"]);
  expect((await saidIn(sessionId)).slice(2)).toEqual([
    ["asked", "next"],
    [2],
    ["own", "A background task ended."],
    [4, "By myself."],
    [2, "You said: next"],
  ]);
  expect(handle.cancels).toBe(0);
});

test("[A-27, A-15] a stop of the turn that waits for it stops what its agent does by itself, and nothing is prompted", async () => {
  const { sessionId, handle } = await idle();
  const own = saying("By myself.");
  room.agent.configuring = async (configured: ScriptedHandle) => {
    room.agent.configuring = undefined;
    configured.begin(own.script);
    await room.until(() => configured.hasBegun, false);
  };
  const turnId = await room.say(sessionId, "next");
  await room.until(async () => (await saidIn(sessionId)).some((said) => said[1] === "By myself."), true);
  await room.turns.cancel({ turnId, actor: OWNER });
  expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
  expect(handle.cancels).toBeGreaterThan(0);
  expect(room.agent.prompts).toEqual(["begin"]);
  await room.ended(await room.say(sessionId, "again"));
});

test("[A-27] what an agent had begun before it read the prompt is a step of its own, and the answer the next one", async () => {
  const { sessionId } = await idle();
  room.agent.next(({ sink }) => {
    sink.emit({ type: "text", text: "By myself." });
    sink.emit({ type: "tool", update: { callId: "c", tool: "bash", status: "completed", output: "a" } });
    sink.emit({ type: "ownWork" });
    sink.emit({ type: "text", text: "Yes." });
    return Promise.resolve(endTurn);
  });
  const turnId = await room.say(sessionId, "next");
  await room.ended(turnId);
  expect((await saidIn(sessionId)).slice(2)).toEqual([
    ["asked", "next"],
    [4, "By myself."],
    ["own", "A background task ended."],
    [2, "Yes."],
  ]);
  const steps = (await room.store.messagesOfTurn(turnId)).flatMap(({ info }) =>
    info.role === "assistant" ? [info] : [],
  );
  expect(steps).toMatchObject([
    { step: 1, finish: "end_turn" },
    { step: 2, finish: "end_turn" },
  ]);
});

test("[A-27, R-2.1] what an agent did by itself is not the answer that a schema is asked for", async () => {
  const { sessionId } = await idle();
  const format: OutputFormat = { type: "json_schema", schema: { type: "number" }, retryCount: 0 };
  room.agent.next(({ sink }) => {
    sink.emit({ type: "text", text: "7" });
    sink.emit({ type: "ownWork" });
    return Promise.resolve(endTurn);
  });
  const turn = await room.ended(await room.say(sessionId, "how many?", { format }));
  expect(turn).toMatchObject({ state: "failed", error: { name: "StructuredOutputError" } });
});

test("[A-27, A-15] a stop tells the agent, and the turn ends cancelled with what was said", async () => {
  const { sessionId, handle } = await idle();
  handle.begin(saying("By myself.").script);
  const { id } = await ownTurn(sessionId);
  await room.until(() => room.text(id), "By myself.");
  await room.turns.cancel({ turnId: id, actor: OWNER });
  expect(await room.ended(id)).toMatchObject({ state: "aborted", reason: "cancelled" });
  expect(handle.cancels).toBe(1);
  expect(await room.text(id)).toBe("By myself.");
});

test("[A-27, A-17] an agent that dies before anybody attends has its turn all the same, which crashed", async () => {
  const { sessionId, handle } = await idle();
  const other = saying("the other one");
  room.agent.next(other.script);
  const running = await room.say(sessionId, "you", { agent: "other" });
  await room.until(() => room.text(running), "the other one");
  handle.begin(({ sink }) => {
    sink.emit({ type: "text", text: "last words" });
    return new Promise<PromptResult>(() => undefined);
  });
  handle.exit(false);
  other.end();
  const { id } = await ownTurn(sessionId);
  expect(await room.ended(id)).toMatchObject({ state: "failed", reason: "crashed" });
  expect(await room.text(id)).toBe("last words");
});

test.each(["manual", "auto"] as const)(
  "[A-27, D-18, D-6] after a crash it is interrupted with its words, and under %s nothing is paused and nothing goes on",
  async (resumePolicy) => {
    const { sessionId, handle } = await idle({ resumePolicy });
    handle.begin(saying("By myself.").script);
    const { id } = await ownTurn(sessionId);
    await room.until(() => room.text(id), "By myself.");
    const queued = await room.admit(sessionId, "later");
    room.crash();
    room = await directory.start();
    await room.turns.recover();
    expect(await room.turn(id)).toMatchObject({ state: "aborted", reason: "interrupted" });
    expect(await room.text(id)).toBe("By myself.");
    expect((await room.session(sessionId)).queue.paused).toBe(false);
    expect((await turnsOf(sessionId)).map((turn) => turn.id).slice(-2)).toEqual([id, queued]);
    await room.ended(queued);
  },
);

test("[A-27, D-21] once the server stops, and in an archived session, nothing begins: it is noted as late", async () => {
  const { sessionId, handle } = await idle();
  const [before] = await turnsOf(sessionId);
  await room.store.patchSession({ sessionId, patch: { archived: true }, actor: OWNER });
  handle.begin(saying("nobody hears this").script);
  await room.until(() => room.turnEvents(before?.id as never).includes("agent.late"), true);
  const second = await idle();
  const [first] = await turnsOf(second.sessionId);
  const stopped = room.turns.stop(10_000);
  second.handle.begin(saying("nor this").script);
  await stopped;
  await room.until(() => room.turnEvents(first?.id as never).includes("agent.late"), true);
  expect(await turnsOf(second.sessionId)).toHaveLength(1);
});

test("[A-27] while the store does not take it, its turn is tried again, and the agent waits", async () => {
  let tries = 0;
  const wrap = (store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        if (name !== "startAgentTurn") return Reflect.get(target, name) as unknown;
        return (command: StartAgentTurnCommand) => {
          tries += 1;
          return tries < 3 ? Promise.resolve(undefined) : target.startAgentTurn(command);
        };
      },
    });
  room.crash();
  room = await directory.start({ wrap });
  const { sessionId, handle } = await idle();
  handle.begin(saying("By myself.").script);
  await room.until(async () => (room.clock.advance(500), (await turnsOf(sessionId)).length), 2);
  expect(tries).toBe(3);
  const { id } = await ownTurn(sessionId);
  await room.until(() => room.text(id), "By myself.");
});
