import { newId } from "@holdfast/kernel";
import type { TurnState } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { StartedTurn } from "../../src/store/index.ts";
import { refusalOf } from "./refusal.ts";
import { type AskedTurn, OWNER, placeOf, type StoreRig, SYSTEM, textPart } from "./rig.ts";
import { topic } from "./topic.ts";

type Command = "start" | "append" | "begin" | "finalize" | "cancel" | "remove" | "ask" | "wait" | "resume";
type Outcome = TurnState | "CONFLICT";

/** What each command makes of a turn in each state: the state it is in afterwards, or the refusal. Everything not in durability 3 changes nothing. */
const TRANSITIONS: Record<TurnState, Record<Command, Outcome>> = {
  queued: {
    start: "running",
    append: "CONFLICT",
    begin: "CONFLICT",
    finalize: "CONFLICT",
    cancel: "aborted",
    remove: "aborted",
    ask: "CONFLICT",
    wait: "queued",
    resume: "queued",
  },
  running: {
    start: "running",
    append: "running",
    begin: "finalizing",
    finalize: "CONFLICT",
    cancel: "running",
    remove: "CONFLICT",
    ask: "running",
    wait: "running",
    resume: "running",
  },
  finalizing: {
    start: "finalizing",
    append: "CONFLICT",
    begin: "finalizing",
    finalize: "completed",
    cancel: "finalizing",
    remove: "CONFLICT",
    ask: "CONFLICT",
    wait: "finalizing",
    resume: "finalizing",
  },
  completed: terminal("completed"),
  failed: terminal("failed"),
  aborted: terminal("aborted"),
};

function terminal(state: TurnState): Record<Command, Outcome> {
  return {
    start: state,
    append: "CONFLICT",
    begin: state,
    finalize: state,
    cancel: state,
    remove: "CONFLICT",
    ask: "CONFLICT",
    wait: state,
    resume: state,
  };
}

const ERROR = { name: "UnknownError", data: { message: "broke" } } as const;
const ABORTED = { name: "MessageAbortedError", data: { message: "Stopped." } } as const;

/** A turn in a state, as a started one; a queued one has the epoch that its session has. */
async function turnIn(rig: StoreRig, state: TurnState): Promise<AskedTurn> {
  if (state === "queued") {
    const sessionId = await rig.session();
    const admitted = await rig.admit(sessionId);
    const session = await rig.readSession(sessionId);
    const epoch = (await rig.store.epochOf(sessionId)) ?? 0;
    return { ...admitted, session, epoch, assistantMessageId: newId("msg") } as unknown as AskedTurn;
  }
  const run = await rig.running();
  if (state === "finalizing") await rig.begin(run);
  if (state === "completed") await rig.finish(run);
  if (state === "failed") await rig.finish(run, { state, reason: "error", error: ERROR });
  if (state === "aborted") await rig.finish(run, { state, reason: "interrupted", error: ABORTED });
  return run;
}

const COMMANDS: Record<Command, (rig: StoreRig, run: AskedTurn) => Promise<unknown>> = {
  start: (rig, run) => rig.tryStart(run.session.id),
  append: (rig, run) => rig.append(run, { op: "turn", patch: { opened: "new" } }),
  begin: (rig, run) => rig.begin(run),
  finalize: (rig, run) => rig.finalize(run),
  cancel: (rig, run) => rig.store.cancelTurn({ turnId: run.turn.id, actor: OWNER }),
  remove: (rig, run) => rig.store.removeInput({ inputId: run.input.id, actor: OWNER }),
  ask: (rig, run) => rig.ask(run),
  wait: (rig, run) => rig.store.setWaiting({ turnId: run.turn.id, waitingFor: { kind: "pool" } }),
  resume: (rig, run) => rig.store.resumeQueue({ sessionId: run.session.id, actor: OWNER }),
};

export const lifecycleTopic = topic("turn lifecycle", (rig) => {
  for (const [state, commands] of Object.entries(TRANSITIONS)) {
    for (const [command, outcome] of Object.entries(commands)) {
      test(`[D-7] a ${state} turn meets ${command}: ${outcome}`, async () => {
        const run = await turnIn(rig(), state as TurnState);
        const before = await rig().turn(run);
        const applied = COMMANDS[command as Command](rig(), run);
        if (outcome === "CONFLICT") {
          expect(await refusalOf(applied)).toBe("CONFLICT");
          expect(await rig().turn(run)).toEqual(before);
          return;
        }
        await applied;
        const after = await rig().turn(run);
        expect(after.state).toBe(outcome);
        const isTerminal = ["completed", "failed", "aborted"].includes(state);
        if (isTerminal) expect(after).toEqual(before);
      });
    }
  }

  test("[D-11] starting commits claim, delivery, places and the answer's header before anything runs", async () => {
    const sessionId = await rig().session();
    const { input, message } = await rig().admit(sessionId, "Do it.", { model: { modelId: "m" } });
    const run = await rig().start(sessionId);
    expect(run.turn).toMatchObject({ state: "running", assistantMessageIds: [run.assistantMessageId] });
    expect(run.input).toMatchObject({ id: input.id, state: "delivered" });
    expect(run.input).not.toHaveProperty("position");
    expect(run.session).toMatchObject({ status: "busy", queue: { length: 0 } });
    expect(run.agentSession).toMatchObject({ agent: "rehearsal", cwd: run.session.directory });
    const [asked, answer] = await rig().history(sessionId);
    expect(asked).toEqual({ info: { ...message.info, ordinal: 0 }, parts: message.parts });
    expect(asked).toEqual(run.message);
    expect(answer).toMatchObject({
      info: {
        role: "assistant",
        ordinal: 1,
        parentId: message.info.id,
        turnId: run.turn.id,
        agent: "rehearsal",
        mode: "rehearsal",
        path: { cwd: run.session.directory, root: run.session.directory },
        step: 1,
      },
      parts: [],
    });
    expect(await rig().store.messagesOfTurn(run.turn.id)).toEqual([asked, answer]);
  });

  test("[D-6] two starts at once make one running turn", async () => {
    const sessionId = await rig().session();
    await rig().admit(sessionId, "one");
    await rig().admit(sessionId, "two");
    const starts = await Promise.all(Array.from({ length: 8 }, () => rig().tryStart(sessionId)));
    expect(starts.filter((start) => start !== undefined)).toHaveLength(1);
    const turns = (await rig().store.listTurns({ sessionId, limit: 10 })).items;
    expect(turns.map((turn) => turn.state)).toEqual(["queued", "running"]);
  });

  test("[R-1.2] an answer names what it answers, turn by turn", async () => {
    const sessionId = await rig().session();
    for (let count = 0; count < 3; count += 1) await rig().exchange(sessionId);
    const history = await rig().history(sessionId);
    const answers = history.filter(({ info }) => info.role === "assistant");
    expect(answers).toHaveLength(3);
    for (const { info } of answers) {
      const asked = history.find(
        (message) => message.info.id === (info.role === "assistant" && info.parentId),
      );
      expect(asked?.info).toMatchObject({ role: "user", turnId: info.turnId });
    }
    expect(history.map(({ info }) => info.ordinal)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("[D-10] status follows the rows: idle, busy, waiting, busy, idle", async () => {
    const sessionId = await rig().session();
    const status = async () => (await rig().readSession(sessionId)).status;
    expect(await status()).toBe("idle");
    await rig().admit(sessionId);
    expect(await status()).toBe("idle");
    const run = await rig().start(sessionId);
    expect(await status()).toBe("busy");
    const request = await rig().ask(run);
    expect(await status()).toBe("waiting");
    await rig().reopen();
    expect(await status()).toBe("waiting");
    await rig().store.replyPermission({ permissionId: request.id, reply: "once", actor: OWNER });
    expect(await status()).toBe("busy");
    await rig().begin(run);
    expect(await status()).toBe("busy");
    await rig().finalize(run);
    expect(await status()).toBe("idle");
  });

  test("[D-10] attention follows the turn that started last, whatever was dropped or reordered", async () => {
    const sessionId = await rig().session();
    const attention = async () => (await rig().readSession(sessionId)).attention;
    const first = await rig().admit(sessionId, "first");
    const second = await rig().admit(sessionId, "second");
    await rig().store.reorderInputs({ sessionId, inputIds: [second.input.id], actor: OWNER });
    const failing = await rig().start(sessionId);
    expect(failing.input.id).toBe(second.input.id);
    await rig().finish(failing, { state: "failed", reason: "error", error: ERROR });
    expect(await attention()).toBe("failed");
    const dropped = await rig().admit(sessionId, "dropped");
    await rig().store.removeInput({ inputId: dropped.input.id, actor: OWNER });
    expect(await attention()).toBe("failed");
    const good = await rig().start(sessionId);
    expect(good.input.id).toBe(first.input.id);
    await rig().finish(good);
    expect(await attention()).toBe("none");
  });

  test("[D-10] a cancel is durable before it is answered, pauses the queue and is told once", async () => {
    const run = await rig().running();
    await rig().admit(run.session.id, "later");
    const cancel = () => rig().store.cancelTurn({ turnId: run.turn.id, actor: OWNER });
    const { value } = await cancel();
    expect(value.stopping).toBeTypeOf("number");
    const seq = await rig().store.lastSeq(run.session.id);
    await cancel();
    expect(await rig().store.lastSeq(run.session.id)).toBe(seq);
    expect(await rig().store.liveTurns()).toContainEqual(
      expect.objectContaining({ turnId: run.turn.id, cancelled: true }),
    );
    expect((await rig().readSession(run.session.id)).queue).toEqual({ length: 1, paused: true });
    await rig().finish(run);
    expect(await rig().tryStart(run.session.id)).toBeUndefined();
  });

  test("[D-1] what a queued turn waits for is told when it changes, and cleared when it starts", async () => {
    const sessionId = await rig().session();
    const { turn } = await rig().admit(sessionId);
    const wait = () =>
      rig().store.setWaiting({ turnId: turn.id, waitingFor: { kind: "workspace", holder: "ses" } });
    await wait();
    const seq = await rig().store.lastSeq(sessionId);
    await wait();
    expect(await rig().store.lastSeq(sessionId)).toBe(seq);
    expect((await rig().store.getTurn(turn.id))?.waitingFor).toEqual({ kind: "workspace", holder: "ses" });
    const run = await rig().start(sessionId);
    expect(run.turn).not.toHaveProperty("waitingFor");
  });

  test("[D-1] a turn's own facts, its agent session, plan, title and notes are told as they are stored", async () => {
    const run = await rig().running();
    const agentSessionId = run.agentSession.id;
    const facts = { cwd: "/elsewhere", processFingerprint: "p", watermark: 3 };
    await rig().append(
      run,
      {
        op: "turn",
        patch: { opened: "resumed", openedBy: "load", stalled: 5, waitingFor: { kind: "storage" } },
      },
      {
        op: "agentSession",
        agentSessionId,
        patch: { status: "live", backendSessionId: "b", version: "1", ...facts },
      },
      { op: "todos", todos: [{ content: "a", status: "pending", priority: "high" }] },
      { op: "title", title: "Better title" },
      { op: "note", type: "agent.notice", data: { agent: "rehearsal", kind: "k", bytes: 1, tail: "t" } },
    );
    expect(await rig().turn(run)).toMatchObject({ opened: "resumed", openedBy: "load", stalled: 5 });
    const { items } = await rig().store.listAgentSessions(run.session.id);
    expect(items).toMatchObject([{ status: "live", backendSessionId: "b", version: "1", ...facts }]);
    expect((await rig().readSession(run.session.id)).title).toBe("Better title");
    await rig().append(
      run,
      { op: "turn", patch: { stalled: null, waitingFor: null } },
      { op: "todos", todos: [] },
      { op: "answer", messageId: run.assistantMessageId, patch: { finish: "half" } },
    );
    const turn = await rig().turn(run);
    expect(turn).not.toHaveProperty("stalled");
    expect(turn).not.toHaveProperty("waitingFor");
    expect((await answerOf(rig(), run)).finish).toBe("half");
    const note = rig()
      .heard(run.session.id)
      .find((event) => event.type === "agent.notice");
    expect(note).toMatchObject({ turnId: run.turn.id, actor: { kind: "agent", id: "agent:rehearsal" } });
    await rig().part(run, textPart(placeOf(run), "end", { start: 1, end: 2 }));
    await rig().store.updateAgentSession({ agentSessionId, patch: { status: "idle" }, actor: SYSTEM });
  });
});

async function answerOf(rig: StoreRig, run: StartedTurn) {
  const message = await rig.store.getMessage(run.assistantMessageId);
  if (message?.info.role !== "assistant") throw new Error("The turn has no answer.");
  return message.info;
}
