/**
 * One turn as frames: what a replay has of it is one entry per row, with the row as it is now (D-4), so the answer's head comes after its
 * parts and a request comes answered. Here the rows are laid out again in the order in which they were shown:
 *
 *   asked -> [request -> reply ->] call settled -> ... -> completed | failed | aborted
 *
 * - The order comes from seqs and ordinals, never from clocks or ids (D-3). What stands before a call in its message was there before it.
 * - Earlier forms of a row (turn running, head without an end, call pending or running, request open) follow from the row and its state machine
 *   (durability 3, D-8, D-16): what a later state added is left away, nothing is made up. Text has one form: as it is stored.
 * - Pure: the same rows make the same frames, whether they were heard live or replayed.
 */
import { isSettledTool, isTerminal, type SessionEvent, type ToolPart } from "@holdfast/protocol";
import { openHead, openRequest, openTurn, pendingCall, runningCall } from "./earlier-forms.ts";
import {
  type HeadEvent,
  isRequestEvent,
  isTurnEvent,
  type PartEvent,
  type Request,
  type RequestEvent,
  requestOf,
  type TurnEvent,
} from "./event-kinds.ts";
import { askedStep, endStep, replyStep, requestStep, type Step, toolStep } from "./step.ts";

/** Events to reduce, and perhaps a step at which one may stop after them. Their seqs are those of the rows; the reader numbers them anew. */
export type Frame = { events: readonly SessionEvent[]; step?: Step };

type Call = { event: PartEvent; part: ToolPart };
/** `before`: of two moments at one seq the lower comes first. */
type Moment = { seq: number; before: number; show: () => Step };

/** The frames of a turn, from the newest entry of each of its rows. Of a turn that goes on: what has settled. */
export function framesOfTurn(rows: readonly SessionEvent[]): Frame[] {
  const turn = rows.findLast(isTurnEvent);
  const heads = rows.filter((event) => event.type === "message.updated");
  const asked = heads.find(({ data }) => data.message.role === "user");
  // A queued input has no place in the history, and gets none when it is taken back.
  if (asked !== undefined && asked.data.message.ordinal === undefined) return [];
  // What began before the oldest kept entry is shown as it is stored.
  if (turn === undefined) return [{ events: rows }];
  return new TurnFrames(turn, heads, rows).frames();
}

class TurnFrames {
  readonly #turn: TurnEvent;
  readonly #asked: HeadEvent | undefined;
  readonly #heads: readonly HeadEvent[];
  readonly #askedParts: readonly PartEvent[];
  readonly #parts: readonly PartEvent[];
  readonly #requests: readonly RequestEvent[];
  readonly #frames: Frame[] = [];
  readonly #seen = new Set<SessionEvent>();
  #events: SessionEvent[] = [];

  constructor(turn: TurnEvent, heads: readonly HeadEvent[], rows: readonly SessionEvent[]) {
    this.#turn = turn;
    this.#asked = heads.find(({ data }) => data.message.role === "user");
    this.#heads = heads
      .filter(({ data }) => data.message.role === "assistant")
      .toSorted((a, b) => (a.data.message.ordinal ?? 0) - (b.data.message.ordinal ?? 0));
    const parts = rows.filter((event) => event.type === "message.part.updated");
    const isAsked = (event: PartEvent) => messageOf(event) === this.#asked?.data.message.id;
    this.#askedParts = parts.filter(isAsked);
    const places = new Map(this.#heads.map(({ data }, index) => [data.message.id as string, index]));
    const place = (event: PartEvent) => places.get(messageOf(event)) ?? places.size;
    this.#parts = parts
      .filter((event) => !isAsked(event))
      .toSorted((a, b) => place(a) - place(b) || ordinalOf(a) - ordinalOf(b));
    this.#requests = rows.filter(isRequestEvent);
  }

  frames(): Frame[] {
    const { turn } = this.#turn.data;
    this.#events.push(openTurn(this.#turn, "opening"), ...this.#askedParts);
    if (this.#asked !== undefined) {
      this.#events.push(this.#asked);
      const parts = this.#askedParts.flatMap(({ data }) => ("part" in data ? [data.part] : []));
      this.#cut(askedStep(this.#asked, turn, parts));
    }
    this.#events.push(openTurn(this.#turn, "opened"));
    for (const moment of this.#moments()) this.#cut(moment.show());
    if (isTerminal(turn.state)) this.#end(turn.state);
    return this.#frames;
  }

  #moments(): Moment[] {
    const moments: Moment[] = [];
    for (const event of this.#parts) {
      const call = callOf(event);
      if (call === undefined || !isSettledTool(call.part.state.status)) continue;
      moments.push({ seq: event.seq, before: 2, show: () => this.#settle(call) });
    }
    for (const event of this.#requests) {
      const request = requestOf(event);
      const call = this.#callOf(request);
      if (request.state === "pending") {
        moments.push({ seq: event.seq, before: 0, show: () => this.#ask(event, call, event.seq) });
        continue;
      }
      const seq = Math.min(
        event.seq,
        call !== undefined && isSettledTool(call.part.state.status) ? call.event.seq : event.seq,
      );
      moments.push({ seq, before: 0, show: () => this.#ask(event, call, seq) });
      moments.push({ seq: event.seq, before: 1, show: () => this.#reply(event, call) });
    }
    return moments.toSorted((a, b) => a.seq - b.seq || a.before - b.before);
  }

  #settle({ event, part }: Call): Step {
    this.#reveal(event, event.seq);
    this.#put(event);
    return toolStep(event, this.#turn.data.turn.id, part);
  }

  #ask(event: RequestEvent, call: Call | undefined, seq: number): Step {
    if (call === undefined) this.#revealTo(seq);
    else {
      this.#reveal(call.event, seq);
      if (!this.#seen.has(call.event)) this.#events.push(pendingCall(call.event, call.part));
    }
    this.#events.push(openRequest(event));
    return requestStep(requestOf(event), seq);
  }

  #reply(event: RequestEvent, call: Call | undefined): Step {
    const request = requestOf(event);
    this.#events.push(event);
    const isAllowed = request.state === "replied" && !("reply" in request && request.reply === "reject");
    if (isAllowed && call !== undefined && !this.#seen.has(call.event))
      this.#events.push(runningCall(call.event, call.part));
    return replyStep(event, request);
  }

  #end(state: "completed" | "failed" | "aborted"): void {
    this.#reveal(undefined, Infinity);
    this.#events.push(...this.#heads, this.#turn);
    this.#cut(endStep(this.#turn, this.#turn.data.turn, state));
  }

  /** Shows what stands before `until` in the answers, each as it was at `seq`. */
  #reveal(until: PartEvent | undefined, seq: number): void {
    for (const event of this.#parts) {
      if (event === until) break;
      this.#show(event, seq);
    }
    if (until !== undefined) this.#openHeadOf(until);
  }

  /** Shows the parts that were written by `seq`, up to the first that was not. */
  #revealTo(seq: number): void {
    for (const event of this.#parts) {
      if (event.seq > seq) return;
      this.#show(event, seq);
    }
  }

  #show(event: PartEvent, seq: number): void {
    if (this.#seen.has(event)) return;
    this.#openHeadOf(event);
    const call = callOf(event);
    if (call === undefined || event.seq <= seq) return this.#put(event);
    this.#events.push(runningCall(event, call.part));
  }

  #put(event: PartEvent): void {
    this.#seen.add(event);
    this.#events.push(event);
  }

  #openHeadOf(event: PartEvent): void {
    const index = this.#heads.findIndex(({ data }) => data.message.id === messageOf(event));
    const head = this.#heads[index];
    if (head === undefined || this.#seen.has(head)) return;
    // The step before it has ended.
    const before = this.#heads[index - 1];
    if (before !== undefined && before.seq < head.seq) this.#events.push(before);
    this.#seen.add(head);
    this.#events.push(openHead(head));
  }

  #callOf(request: Request): Call | undefined {
    if (!("call" in request) || request.call === undefined) return undefined;
    const { messageId, callId } = request.call;
    return this.#parts
      .map(callOf)
      .find((call) => call?.part.messageId === messageId && call.part.callId === callId);
  }

  #cut(step: Step): void {
    this.#frames.push({ events: this.#events, step });
    this.#events = [];
  }
}

const messageOf = ({ data }: PartEvent): string => data.part.messageId;

const ordinalOf = ({ data }: PartEvent): number => data.part.ordinal ?? 0;

function callOf(event: PartEvent): Call | undefined {
  const { data } = event;
  return data.part.type === "tool" ? { event, part: data.part } : undefined;
}
