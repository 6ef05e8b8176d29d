import type { Part, TurnId } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AgentFailure } from "../../src/agents/index.ts";
import type { Store } from "../../src/store/index.ts";
import { DataDirectory, OWNER, type Room } from "./room.ts";
import { agentError, endTurn, untilCancelled } from "./scripted-agent.ts";
import { ScriptedWatch } from "./scripted-watch.ts";

let directory: DataDirectory;
let room: Room;
let watch: ScriptedWatch;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  watch = new ScriptedWatch();
  room = await directory.start({ watch });
});
afterAll(() => directory.remove());

const never = () => new Promise<never>(() => undefined);
const partsOf = async (turnId: TurnId): Promise<Part[]> => (await room.answer(turnId)).parts;
const part = async <T extends Part["type"]>(turnId: TurnId, type: T) =>
  (await partsOf(turnId)).find((each): each is Extract<Part, { type: T }> => each.type === type);
const notices = (turnId: TurnId) => room.turnEvents(turnId).filter((type) => type === "agent.notice");

/** The room's store, with something in the place of some of its commands. */
const replacing =
  (commands: Partial<Store>) =>
  (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const own: unknown = Reflect.get(commands, name);
        const value: unknown = own ?? Reflect.get(target, name);
        const bound: unknown = typeof value === "function" ? value.bind(target) : value;
        return bound;
      },
    });

describe("the files of a turn", () => {
  test("[W-3] the prompt waits for the snapshot before it, the opening does not; the end of the turn names both", async () => {
    const taken = Promise.withResolvers<{ tree: string }>();
    watch.beforeAnswer = () => taken.promise;
    room.agent.next(({ sink }) => {
      watch.calls.push("prompt");
      const update = { callId: "1", kind: "edit", locations: [{ path: "/project/a.ts" }] };
      sink.emit({ type: "tool", update: { ...update, status: "completed" } });
      return Promise.resolve(endTurn);
    });
    const sessionId = await room.createSession();
    const turnId = await room.say(sessionId, "hello");
    // Written down once the agent is open, and answered after everything else that its opening wrote.
    const isOpen = async () => (await room.store.listAgentSessions(sessionId)).items[0]?.status;
    await room.until(isOpen, "live");
    await room.until(() => room.agent.opened[0]?.configured.length, 1);
    await room.store.heartbeat({ instanceId: room.instanceId });
    await room.session(sessionId);
    expect(room.agent.prompts).toEqual([]);
    taken.resolve({ tree: "tree-before" });
    expect((await room.ended(turnId)).state).toBe("completed");
    expect(watch.calls).toEqual([
      "requireDirectory",
      "before",
      "before ended",
      "prompt",
      "after /project/a.ts",
    ]);
    expect(await part(turnId, "step-start")).toMatchObject({ snapshot: "tree-before" });
    expect(await part(turnId, "step-finish")).toMatchObject({ snapshot: "tree-after" });
    const patch = await part(turnId, "patch");
    expect(patch).toMatchObject({ hash: "tree-before", files: ["/project/a.ts"] });
    expect(patch).not.toHaveProperty("recovered");
    expect((await partsOf(turnId)).map(({ type }) => type).slice(-2)).toEqual(["patch", "step-finish"]);
  });

  test("[W-3, R-1.7] a turn that changed nothing has no patch, and one of very many files names some of them", async () => {
    const sessionId = await room.createSession();
    watch.afterAnswer = () => Promise.resolve({ hash: "t", snapshot: "t", files: [] });
    const quiet = await room.say(sessionId, "one");
    await room.ended(quiet);
    expect(await part(quiet, "patch")).toBeUndefined();
    expect(await part(quiet, "step-finish")).toMatchObject({ snapshot: "t" });
    const files = Array.from({ length: 30_000 }, (_, at) => `/project/${at}`);
    const totals = { files: 30_000, additions: 60_000, deletions: 1 };
    watch.afterAnswer = () => Promise.resolve({ hash: "t", snapshot: "u", files, totals });
    const loud = await room.say(sessionId, "two");
    await room.ended(loud);
    const patch = await part(loud, "patch");
    expect([patch?.files.length, patch?.more]).toEqual([1_000, 29_000]);
    const summaryOf = async (turnId: TurnId) => (await room.store.messagesOfTurn(turnId))[0]?.info.summary;
    expect(await summaryOf(quiet)).toEqual({
      title: "one",
      body: "You said: one",
      totals: { files: 0, additions: 0, deletions: 0 },
    });
    expect(await summaryOf(loud)).toMatchObject({ title: "two", totals });
  });

  test("[R-1.8] between steps a tree is taken now and then, late, and what fails or comes behind the end is left out", async () => {
    const sessionId = await room.createSession();
    const last = Promise.withResolvers<string>();
    watch.stepAnswer = (number) =>
      number === 3
        ? Promise.reject(new Error("no git"))
        : number === 4
          ? last.promise
          : Promise.resolve("t1");
    room.agent.next(async ({ sink }) => {
      for (const stepId of ["1", "2"]) sink.emit({ type: "step", stepId });
      await room.until(async () => (await edgesOf(turnId))[0], [undefined, undefined, "t1", true]);
      sink.emit({ type: "step", stepId: "3" });
      for (const stepId of ["4", "5"]) {
        room.clock.advance(60_000);
        sink.emit({ type: "step", stepId });
        await room.until(() => watch.calls.at(-1), `step ${Number(stepId) - 1}`);
        await room.store.heartbeat({ instanceId: room.instanceId });
      }
      return endTurn;
    });
    const edgesOf = async (id: TurnId) => {
      const messages = (await room.store.messagesOfTurn(id)).filter(({ info }) => info.role === "assistant");
      return messages.map(({ parts }) => {
        const [start, finish] = [parts[0], parts.at(-1)].map((each) =>
          each?.type === "step-start" || each?.type === "step-finish" ? each : undefined,
        );
        return [
          start?.late,
          start?.late === true ? start.snapshot : undefined,
          finish?.snapshot,
          finish?.late,
        ];
      });
    };
    const turnId = await room.say(sessionId, "hello");
    expect((await room.ended(turnId)).state).toBe("completed");
    last.resolve("too late");
    await room.ended(await room.say(sessionId, "next"));
    expect(room.logs.filter(({ level }) => level === "error")).toEqual([]);
    expect(watch.calls.filter((call) => call.startsWith("step"))).toEqual(["step 1", "step 3", "step 4"]);
    expect(await edgesOf(turnId)).toEqual([
      [undefined, undefined, "t1", true],
      [true, "t1", undefined, undefined],
      [undefined, undefined, undefined, undefined],
      [undefined, undefined, undefined, undefined],
      [undefined, undefined, "tree-after", undefined],
    ]);
    expect(notices(turnId)).toEqual([]);
  });

  test("[A-14] a turn that cannot write is not watched", async () => {
    room.mayWrite = () => false;
    await room.ended(await room.say(await room.createSession(), "hello"));
    expect(watch.calls).toEqual(["requireDirectory"]);
  });

  test("[durability 5] a turn whose snapshots fail or take too long goes on and says so", async () => {
    const sessionId = await room.createSession();
    watch.beforeAnswer = () => Promise.reject(new Error("no git"));
    const failed = await room.say(sessionId, "one");
    expect((await room.ended(failed)).state).toBe("completed");
    watch.beforeAnswer = never;
    const slow = await room.say(sessionId, "two");
    await room.until(() => watch.calls.filter((call) => call === "before").length, 2);
    room.clock.advance(30_000);
    expect((await room.ended(slow)).state).toBe("completed");
    expect(watch.signal?.aborted).toBe(true);
    watch.beforeAnswer = () => Promise.resolve({ tree: "t" });
    watch.afterAnswer = never;
    const unended = await room.say(sessionId, "three");
    await room.until(() => watch.calls.at(-1), "after");
    room.clock.advance(30_000);
    expect((await room.ended(unended)).state).toBe("completed");
    expect(watch.signal?.aborted).toBe(false);
    expect([failed, slow, unended].map((turnId) => notices(turnId).length)).toEqual([1, 1, 1]);
    expect(watch.calls.filter((call) => call === "after")).toHaveLength(1);
  });

  test("[W-3] a workspace that is not watched says so once", async () => {
    const sessionId = await room.createSession();
    watch.beforeAnswer = () => Promise.resolve({ off: "It is a home directory.", isKnown: false });
    const first = await room.say(sessionId, "one");
    await room.ended(first);
    watch.beforeAnswer = () => Promise.resolve({ off: "It is a home directory.", isKnown: true });
    const second = await room.say(sessionId, "two");
    await room.ended(second);
    expect([first, second].map((turnId) => notices(turnId).length)).toEqual([1, 0]);
    expect(watch.calls).not.toContain("after");
  });

  test("[W-5] a turn whose agent was never asked is dismissed; one that was cancelled, crashed or timed out is compared", async () => {
    const sessionId = await room.createSession();
    room.agent.openings.push(new AgentFailure("unavailable", agentError("open")));
    await room.ended(await room.say(sessionId, "one"));
    await room.until(() => watch.calls.at(-1), "dismiss");
    room.agent.next(untilCancelled, ({ handle }) => {
      handle.exit(false);
      return never();
    });
    const cancelled = await room.say(sessionId, "two");
    await room.until(() => room.text(cancelled), "working");
    await room.turns.cancel({ turnId: cancelled, actor: OWNER });
    expect(await room.ended(cancelled)).toMatchObject({ state: "aborted", reason: "cancelled" });
    expect((await part(cancelled, "patch"))?.files).toEqual(["/project/a.ts"]);
    await room.store.resumeQueue({ sessionId, actor: OWNER });
    const crashed = await room.say(sessionId, "three");
    expect(await room.ended(crashed)).toMatchObject({ state: "failed", reason: "crashed" });
    expect((await part(crashed, "patch"))?.files).toEqual(["/project/a.ts"]);
  });

  test("[D-18] recovery compares the files of a turn whose owner died, and says that nobody is known to have changed them", async () => {
    room.agent.next(untilCancelled);
    const turnId = await room.say(await room.createSession(), "hello");
    await room.until(() => room.text(turnId), "working");
    room.crash();
    watch = new ScriptedWatch();
    room = await directory.start({ watch });
    room.whileReaping = () => Promise.resolve(void watch.calls.push("reaped"));
    await room.turns.recover();
    expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "interrupted" });
    expect(watch.calls.slice(0, 2)).toEqual(["reaped", "recover"]);
    expect(await part(turnId, "patch")).toMatchObject({ files: ["/project/a.ts"], recovered: true });
    expect(await part(turnId, "step-finish")).toMatchObject({ snapshot: "tree-after" });
  });

  test("[W-13] without its directory a turn fails with the ways out before any agent is opened, and the next one works", async () => {
    const sessionId = await room.createSession();
    watch.missing = {
      name: "WorkspaceMissingError",
      data: { message: "The worktree is gone.", directory: "/gone", ways: ["rescue", "base"] },
    };
    const turn = await room.ended(await room.say(sessionId, "one"));
    expect(turn).toMatchObject({ state: "failed", reason: "error", error: watch.missing });
    expect(room.agent.opened).toEqual([]);
    expect(watch.calls).toEqual(["requireDirectory"]);
    watch.missing = undefined;
    expect((await room.ended(await room.say(sessionId, "two"))).state).toBe("completed");
  });
});

describe("what the user rejected", () => {
  test("[W-6] is told to the agent once, before the user's words, and stands on his message as the server's", async () => {
    const told = [[{ id: 1, sessionId: "", kind: "rejected", paths: ["src/a.ts"] }]] as unknown[];
    const takeNotes = () => Promise.resolve(told.shift() ?? []) as ReturnType<Store["takeNotes"]>;
    room = await directory.start({ watch, wrap: replacing({ takeNotes }) });
    const sessionId = await room.createSession();
    const first = await room.say(sessionId, "hello");
    await room.ended(first);
    await room.ended(await room.say(sessionId, "again"));
    const [prompt, next] = room.agent.prompts;
    expect(prompt).toMatch(/^<holdfast-note>[^]*\n  src\/a\.ts\n<\/holdfast-note>hello$/);
    expect(next).toBe("again");
    const [asked] = await room.store.messagesOfTurn(first);
    expect(asked?.parts.map((each) => each.type === "text" && each.synthetic === true)).toEqual([
      false,
      true,
    ]);
    const { items } = await room.store.listInputs({ sessionId });
    expect(items[0]?.parts).toEqual([{ type: "text", text: "hello" }]);
  });

  test("[W-6] notes that cannot be read now wait, and the turn goes on", async () => {
    const takeNotes = () => Promise.reject(new Error("not now"));
    room = await directory.start({ watch, wrap: replacing({ takeNotes }) });
    const turn = await room.ended(await room.say(await room.createSession(), "hello"));
    expect(turn.state).toBe("completed");
    expect(room.agent.prompts).toEqual(["hello"]);
  });
});
