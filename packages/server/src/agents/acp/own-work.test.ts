import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AgentRoom } from "../../../test/agents/opened-agent.ts";
import { RecordedTurn } from "../../../test/agents/recorded-turn.ts";
import { until } from "../../../test/agents/waiting.ts";
import { NO_QUIRKS } from "../catalog/index.ts";
import type { AgentHandle, IdleSink } from "../port.ts";
import { endsOwnWork, WaitingWork } from "./own-work.ts";

let room: AgentRoom;
let began: number;

beforeEach(() => {
  room = new AgentRoom();
  began = 0;
});
afterEach(() => room.end());

const heard: IdleSink = {
  emit: (event) => void room.idle.push(event),
  began: () => void (began += 1),
};

/** An agent that was told this, and answered. */
async function told(text: string, idle: IdleSink = heard): Promise<AgentHandle> {
  const handle = await room.open("rehearsal", { idle });
  await handle.prompt(room.say(text), new RecordedTurn());
  return handle;
}

const late = () => room.idle.filter(({ type }) => type === "late");

test("[A-27] what an agent begins by itself waits, and makes it no idle one, until somebody attends: then all of it is there, to the end that it tells", async () => {
  const handle = await told("WAKE now THINK hm ; SAY one ; ASK may I? ; SAY two\nSAY begun");
  await until("it began", () => handle.hasBegun === true);
  expect([began, handle.idleSince]).toEqual([1, undefined]);
  const turn = new RecordedTurn();
  expect(await handle.attend?.(turn)).toMatchObject({ outcome: "ended", stopReason: "end_turn" });
  expect(turn.text).toBe("one\nAllowed: may I?\ntwo\n");
  expect(turn.events.filter(({ type }) => type === "reasoning")).toHaveLength(1);
  expect(turn.asks).toHaveLength(1);
  expect([handle.hasBegun, late()]).toEqual([false, []]);
  const next = new RecordedTurn();
  await handle.prompt(room.say("SAY three"), next);
  expect(next.text).toBe("three\n");
});

test("[A-27] a request may be the first that it wants: it waits as well", async () => {
  const handle = await told("WAKE now ASKFORM which? | port: integer\nSAY begun");
  await until("it began", () => handle.hasBegun === true);
  const turn = new RecordedTurn();
  await handle.attend?.(turn);
  expect(turn.questions).toMatchObject([{ message: "which?" }]);
  expect(turn.text).toBe("Answered decline.\n");
});

test("[A-27, A-15] a cancel reaches it, and it ends", async () => {
  const handle = await told("WAKE now SAY one ; SLOW 100000 20\nSAY begun");
  await until("it began", () => handle.hasBegun === true);
  const turn = new RecordedTurn();
  const ended = handle.attend?.(turn);
  await until("it works", () => turn.text.includes("w1"));
  await handle.cancel();
  expect(await ended).toMatchObject({ outcome: "ended", stopReason: "cancelled" });
});

test("[A-27, A-17] what it said before it died is told, and then that it died", async () => {
  const handle = await told("WAKE now SAY one ; SAY two ; CRASH\nSAY begun");
  await until("it began", () => handle.hasBegun === true);
  const gone = Promise.withResolvers<void>();
  handle.onExit(() => gone.resolve());
  await gone.promise;
  expect(handle.hasBegun).toBe(true);
  const turn = new RecordedTurn();
  expect(await handle.attend?.(turn)).toMatchObject({ outcome: "crashed" });
  expect(turn.text).toBe("one\ntwo\n");
});

test("[A-27, A-16] what nobody attends to is late, for an agent that is let go and where nobody listens", async () => {
  const handle = await told("WAKE now SAY one ; SAY two\nSAY begun");
  await until("it began", () => handle.hasBegun === true);
  handle.letGo?.();
  await until("both are noted", () => late().length === 2);
  expect(handle.hasBegun).toBe(false);
  await told("WAKE now SAY three\nSAY begun", { emit: (event) => heard.emit(event) });
  await until("it is noted", () => late().length === 3);
});

test("[A-27] what an agent had begun before it read the prompt is told apart from the answer", async () => {
  const handle = await told("WAKE next SAY mine\nSAY begun");
  const turn = new RecordedTurn();
  await handle.prompt(room.say("SAY yours"), turn);
  const said = turn.events.flatMap((event) =>
    event.type === "text" ? [event.text] : event.type === "ownWork" ? ["|"] : [],
  );
  expect(said).toEqual(["mine\n", "|", "yours\n"]);
  expect(began).toBe(0);
});

test("[A-27, A-8] its background tasks are told by their names as long as they run, and keep it from being closed", async () => {
  const handle = await told("WAKE go.txt SAY one\nSAY begun");
  const tasks = () => room.idle.flatMap((event) => (event.type === "background" ? [event.tasks] : []));
  // The first ones were told to the turn that started them.
  expect([handle.isArmed, tasks()]).toEqual([true, []]);
  writeFileSync(join(room.project, "go.txt"), "");
  await until("it began", () => handle.hasBegun === true);
  expect([handle.isArmed, tasks()]).toEqual([false, [[]]]);
  const turn = new RecordedTurn();
  await handle.attend?.(turn);
  expect(turn.text).toBe("one\n");
});

const origin = (kind: unknown, sessionUpdate = "usage_update") => ({
  sessionUpdate,
  _meta: { "_claude/origin": { kind } },
});

test("[A-27] only the agent's own word ends what it does by itself, and only by its record", () => {
  const quirks = { ...NO_QUIRKS, startsTurns: { endedBy: "usage-origin", tasksBy: "sdk-messages" } as const };
  for (const kind of ["task-notification", "peer", "coordinator", "observer", "observer-activity"])
    expect(endsOwnWork(quirks, origin(kind)), kind).toBe(true);
  for (const update of [
    origin("human"),
    origin(7),
    origin("peer", "plan"),
    { sessionUpdate: "usage_update" },
  ])
    expect(endsOwnWork(quirks, update)).toBe(false);
  expect(endsOwnWork(NO_QUIRKS, origin("peer"))).toBe(false);
});

test("[A-27, A-12] what waits of a program that is gone is bounded", () => {
  const waiting = new WaitingWork();
  let passed = 0;
  const pass = () => void (passed += 1);
  expect(waiting.hold(64 * 1024 * 1024, pass), "the first one always").toBeDefined();
  expect(waiting.hold(1, pass)).toBeUndefined();
  waiting.goOn();
  expect([passed, waiting.isWaiting]).toEqual([1, false]);
  for (let at = 0; at < 2_000; at += 1) void waiting.hold(1, pass);
  waiting.goOn();
  expect(passed).toBe(1_001);
});
