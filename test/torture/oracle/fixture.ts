/** A small true story for the oracle's own tests: its events, the ledger of a checker that heard them, and the picture of the server that told them. */
import { EMPTY_SESSION, reduce } from "@holdfast/client";
import type {
  Input,
  Message,
  Part,
  Permission,
  Question,
  Session,
  SessionEvent,
  Turn,
} from "@holdfast/protocol";
import { Ledger } from "../ledger.ts";
import { rowOf } from "../ledger/row-key.ts";
import type { Picture, SessionPicture } from "../oracle.ts";
import type { Exchange } from "../record-log.ts";

export const SESSION = "ses_1";
export const USAGE = { tokens: { input: 3, output: 4 }, cost: 0.25, scope: "turn" as const };
const cast = <T>(value: object): T => value as unknown as T;

export const session = (change: object = {}): Session =>
  cast({
    id: SESSION,
    title: "Old",
    status: "idle",
    queue: { length: 0, paused: false },
    usage: {},
    time: { created: 1, updated: 1 },
    lastSeq: 0,
    ...change,
  });

export const turn = (number: number, change: object = {}): Turn =>
  cast({
    id: `trn_${number}`,
    sessionId: SESSION,
    inputId: `inp_${number}`,
    messageId: `msg_${number}u`,
    agent: "rehearsal",
    state: "queued",
    usage: {},
    time: { queued: 1 },
    ...change,
  });

export const input = (number: number, change: object = {}): Input =>
  cast({
    id: `inp_${number}`,
    sessionId: SESSION,
    turnId: `trn_${number}`,
    messageId: `msg_${number}u`,
    state: "queued",
    position: number,
    delivery: "queue",
    requestedDelivery: "queue",
    parts: [{ type: "text", text: promptOf(number) }],
    time: { admitted: 1 },
    ...change,
  });

export const promptOf = (number: number): string => `SAY s1l1-${number}.`;

export const asked = (number: number, change: object = {}): Message["info"] =>
  cast({
    id: `msg_${number}u`,
    sessionId: SESSION,
    role: "user",
    turnId: `trn_${number}`,
    time: { created: 1 },
    ...change,
  });

const answer = (change: object = {}): Message["info"] =>
  cast({
    id: "msg_1a",
    sessionId: SESSION,
    role: "assistant",
    turnId: "trn_1",
    ordinal: 2,
    time: { created: 2 },
    ...change,
  });

export const askedPart = (number: number, text = promptOf(number)): Part =>
  cast({
    id: `prt_${number}u`,
    sessionId: SESSION,
    messageId: `msg_${number}u`,
    ordinal: 1,
    type: "text",
    text,
  });

export const textPart = (text: string, change: object = {}): Part =>
  cast({
    id: "prt_1",
    sessionId: SESSION,
    messageId: "msg_1a",
    ordinal: 1,
    type: "text",
    text,
    time: { start: 2 },
    ...change,
  });

export const toolPart = (state: object): Part =>
  cast({
    id: "prt_2",
    sessionId: SESSION,
    messageId: "msg_1a",
    ordinal: 2,
    type: "tool",
    callId: "c1",
    tool: "bash",
    state,
  });

export const permission = (change: object = {}): Permission =>
  cast({ id: "per_1", sessionId: SESSION, turnId: "trn_1", state: "pending", time: { asked: 2 }, ...change });

export const question = (change: object = {}): Question =>
  cast({ id: "qst_1", sessionId: SESSION, turnId: "trn_1", state: "pending", time: { asked: 2 }, ...change });

export type Happening = [type: SessionEvent["type"], data: object];

/** One turn with an answer, a call and a permission request, and one input that waits behind it. */
export const story = (): Happening[] => [
  ["session.created", { session: session() }],
  ["input.admitted", { input: input(1) }],
  ["turn.queued", { turn: turn(1) }],
  ["message.updated", { message: asked(1) }],
  ["message.part.updated", { part: askedPart(1) }],
  ["input.delivered", { input: input(1, { state: "delivered", position: undefined }) }],
  ["message.updated", { message: asked(1, { ordinal: 1 }) }],
  ["message.updated", { message: answer() }],
  ["turn.started", { turn: turn(1, { state: "running", time: { queued: 1, started: 2 } }) }],
  ["step.started", { turnId: "trn_1", messageId: "msg_1a", step: 1, attempt: 1 }],
  ["input.admitted", { input: input(2) }],
  ["turn.queued", { turn: turn(2) }],
  ["message.updated", { message: asked(2) }],
  ["message.part.updated", { part: askedPart(2) }],
  ["message.part.updated", { part: textPart("") }],
  ["message.part.delta", delta(0, "hel")],
  ["message.part.delta", delta(3, "lo")],
  ["message.part.updated", { part: textPart("hello", { time: { start: 2, end: 3 } }) }],
  ["message.part.updated", { part: toolPart({ status: "running", raw: "{}", input: {}, output: "" }) }],
  ["message.part.updated", { part: toolPart({ status: "completed", raw: "{}", input: {}, output: "done" }) }],
  ["permission.asked", { permission: permission() }],
  ["permission.replied", { permission: permission({ state: "replied", reply: "once" }) }],
  ["turn.finalizing", { turn: turn(1, { state: "finalizing", time: { queued: 1, started: 2 } }) }],
  ["message.updated", { message: answer({ time: { created: 2, completed: 4 } }) }],
  ["session.updated", { session: session({ usage: USAGE, queue: { length: 1, paused: true } }) }],
  [
    "turn.completed",
    { turn: turn(1, { state: "completed", usage: USAGE, time: { queued: 1, started: 2, ended: 4 } }) },
  ],
];

export function delta(offset: number, text: string, partId = "prt_1", field = "text"): object {
  return { messageId: "msg_1a", partId, field, offset, text };
}

/** Numbered from 1, without holes. */
export function eventsOf(happenings: readonly Happening[]): SessionEvent[] {
  return happenings.map(([type, data], index) => {
    const seq = index + 1;
    const told = "session" in data ? { session: { ...(data.session as object), lastSeq: seq } } : data;
    return cast<SessionEvent>({
      seq,
      prev: index,
      type,
      version: 1,
      sessionId: SESSION,
      time: 1,
      data: told,
    });
  });
}

let count = 0;
const next = (): number => (count += 1);

export const stream = (events: readonly SessionEvent[], change: Partial<Exchange> = {}): Exchange => ({
  id: `s${next()}`,
  n: next(),
  file: "f",
  method: "GET",
  path: `/api/sessions/${SESSION}/events?after=0`,
  label: "chain",
  frames: events.map((event) => ({ n: next(), event: event.type, id: String(event.seq), data: event })),
  ...change,
});

/** A request with a complete answer; without one when `answer` is undefined. */
export function exchange(
  line: { method: string; path: string; body?: object; key?: string },
  reply: { status: number; body?: unknown; replayed?: boolean } | undefined,
): Exchange {
  const id = `r${next()}`;
  const { body, key = id, ...rest } = line;
  const request: Exchange = { id, n: next(), file: "f", key, frames: [], ...rest };
  if (body !== undefined) request.body = JSON.stringify(body);
  if (reply !== undefined)
    request.answer = { n: next(), replayed: reply.replayed ?? false, status: reply.status, body: reply.body };
  return request;
}

export const partsOf = (text: string): object => ({ parts: [{ type: "text", text }] });

export function admission(
  number: number,
  change: { key?: string; inputId?: string; session?: string; row?: Partial<Input> } = {},
): Exchange {
  const { key = `key-${number}`, inputId = `inp_${number}` } = change;
  return exchange(
    { method: "POST", path: `/api/sessions/${SESSION}/inputs`, key, body: partsOf(promptOf(number)) },
    {
      status: 202,
      body: {
        input: input(number, { id: inputId, ...change.row }),
        turn: turn(number),
        message: { info: asked(number), parts: [] },
      },
    },
  );
}

export function ledgerOf(...exchanges: Exchange[]): Ledger {
  const book = new Ledger();
  book.take(exchanges);
  return book;
}

const HEALTHY = { integrity: [], foreignKeys: [], drift: [], stuckTurns: [], leftoverProcesses: [] };
const SIZES = { databaseBytes: 0, walBytes: 0, sessions: 1, messages: 2, parts: 2, events: 9 };

/** The server as it is after these events. */
export function pictureOf(
  events: readonly SessionEvent[],
  change: (session: SessionPicture) => Partial<SessionPicture> = () => ({}),
  rest: Partial<Picture> = {},
): Picture {
  const state = events.reduce((before, event) => reduce(before, event), EMPTY_SESSION);
  const rows = new Map<string, Record<string, unknown>>();
  for (const event of events) {
    const row = rowOf(event);
    if (row?.value !== undefined) rows.set(row.key, row.value);
  }
  const of = <T>(prefix: string): T[] =>
    [...rows].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value as T);
  const usage = state.session?.usage ?? {};
  const whole: SessionPicture = {
    session: {
      ...state.session,
      lastSeq: state.lastSeq,
      queue: { paused: state.session?.queue.paused, length: Object.keys(state.inputs).length },
    } as Session,
    messages: [...state.messages],
    turns: of("trn_"),
    inputs: of("inp_"),
    permissions: of("per_"),
    questions: of("qst_"),
    todos: [...state.todos],
    usage: { usage, agents: [{ agent: "rehearsal", usage }] },
    brokenBlobs: [],
    replay: replayOf(events),
    isStill: true,
  };
  return {
    startedAt: 10,
    sessions: new Map([[SESSION, { ...whole, ...change(whole) }]]),
    listed: new Set([SESSION]),
    diagnostics: { ...HEALTHY, sizes: SIZES },
    survivors: [],
    prompts: [promptOf(1)],
    calls: { begun: [], done: [] },
    ...rest,
  };
}

/** The newest entry of each row, and deltas of parts that were not written whole since (D-4). */
function replayOf(events: readonly SessionEvent[]): SessionEvent[] {
  const newest = new Map<string, number>();
  for (const event of events) newest.set(rowOf(event)?.key ?? `seq ${event.seq}`, event.seq);
  let prev = 0;
  return events.flatMap((event) => {
    const key = rowOf(event)?.key ?? `seq ${event.seq}`;
    const isCovered = event.type === "message.part.delta" && (newest.get(event.data.partId) ?? 0) > event.seq;
    if (newest.get(key) !== event.seq || isCovered) return [];
    const told = { ...event, prev };
    prev = event.seq;
    return [told];
  });
}
