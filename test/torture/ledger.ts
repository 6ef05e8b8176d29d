/**
 * What the server acknowledged over all its lives, read from the recorder's files (durability 11): rows and texts as answers and complete frames told
 * them, in the order in which they arrived. What contradicts itself is a violation already. Every command of a checker must go through the recorder:
 * what was asked decides what may change. Pure: bytes in, claims out.
 */
import type {
  Admitted,
  InputList,
  InputPart,
  Permission,
  Question,
  Session,
  SessionEvent,
  Turn,
} from "@holdfast/protocol";
import { isTerminal } from "@holdfast/protocol";
import { type Arrival, byArrival } from "./ledger/arrival.ts";
import { InputBook, textOfParts } from "./ledger/input-book.ts";
import { isStopped, whyNot } from "./ledger/may-become.ts";
import { PauseWatch } from "./ledger/pause-watch.ts";
import { RowBook } from "./ledger/row-book.ts";
import { TextBook } from "./ledger/text-book.ts";
import type { Answer, Exchange } from "./record-log.ts";

type Asked = Permission | Question;
type Titles = { now: string; seq: number; before: Set<string> };

export class Ledger {
  readonly violations: string[] = [];
  readonly inputs = new InputBook((violation) => this.#say(violation));
  readonly rows = new RowBook((violation) => this.#say(violation));
  readonly texts = new TextBook((violation) => this.#say(violation));
  /** Turn id -> the state it was acknowledged to have ended in. */
  readonly ends = new Map<string, string>();
  /** Turns whose stop was acknowledged, with their session: how each may end says `isStopped` (D-10). */
  readonly cancelled = new Map<string, string>();
  /** Answered permission requests and questions, as the answer or the event told them. */
  readonly replies = new Map<string, Asked>();
  readonly titles = new Map<string, Titles>();
  readonly created = new Set<string>();
  readonly deleted = new Set<string>();
  /** Sessions that somebody asked to delete, answered or not. */
  readonly deletions = new Set<string>();
  /** Events of the streams that went on where the last one was cut, per session. */
  readonly chains = new Map<string, SessionEvent[]>();
  answers = 0;
  frames = 0;
  readonly #pauses = new PauseWatch((violation) => this.#say(violation));
  readonly #repliedBy = new Map<string, string>();
  /** Last seq of each stream, by file and exchange. */
  readonly #heads = new Map<Exchange, number>();

  /** `carried`: sessions that earlier ledgers knew to be made and deleted. */
  constructor(
    carried: { created: readonly string[]; deleted: readonly string[] } = { created: [], deleted: [] },
  ) {
    for (const id of carried.created) this.created.add(id);
    for (const id of carried.deleted) {
      this.deleted.add(id);
      this.deletions.add(id);
    }
  }

  get admissions(): InputBook["admissions"] {
    return this.inputs.admissions;
  }

  get deltas(): TextBook["deltas"] {
    return this.texts.deltas;
  }

  /** Takes the exchanges of one life. */
  take(exchanges: readonly Exchange[]): void {
    for (const arrival of byArrival(exchanges)) this.#take(arrival);
  }

  /** The last event that the chain of a session has. */
  cursor(sessionId: string): number {
    return this.chains.get(sessionId)?.at(-1)?.seq ?? 0;
  }

  #say(violation: string): void {
    this.violations.push(violation);
  }

  #take(arrival: Arrival): void {
    if (arrival.kind === "request") this.#request(arrival.exchange);
    else if (arrival.kind === "answer") this.#answer(arrival.exchange, arrival.answer);
    else this.#frame(arrival.exchange, arrival.frame);
  }

  /** What was asked may hold, answered or not. */
  #request(exchange: Exchange): void {
    const { kind, id, sub, action } = placeOf(exchange);
    if (exchange.method === "POST" && sub === "inputs")
      this.inputs.admissionSent(id, keyOf(exchange), sentText(exchange));
    if (exchange.method === "PATCH" && kind === "inputs")
      this.inputs.editSent(id, keyOf(exchange), sentText(exchange));
    if (exchange.method === "DELETE" && kind === "inputs") this.inputs.removalSent(id);
    if (exchange.method === "DELETE" && kind === "sessions") this.deletions.add(id);
    if (action === "queue/reorder") this.inputs.reorderSent(id);
    if (action === "queue/resume") this.inputs.goesOn(id, keyOf(exchange));
    if (kind === "turns" && sub === "cancel") this.inputs.stops.add(id);
  }

  #answer(exchange: Exchange, answer: Answer): void {
    this.answers += 1;
    const { method, path } = exchange;
    const { status, body } = answer;
    if (status >= 500 && status !== 503) this.#say(`${method} ${path} was answered with ${status}`);
    const { kind, id, sub, action } = placeOf(exchange);
    const isDone = status >= 200 && status < 300;
    if (method === "PATCH" && kind === "inputs")
      this.inputs.editAnswered(id, keyOf(exchange), sentText(exchange), isDone);
    if (action === "queue/resume" || (method === "POST" && sub === "inputs" && !isDone))
      this.inputs.wentOn(id, keyOf(exchange));
    if (!isDone) return;
    if (method === "POST" && sub === "inputs")
      this.inputs.admitted(keyOf(exchange), sentText(exchange), body as Admitted);
    if (method === "POST" && kind === "sessions" && id === "") this.created.add((body as Session).id);
    if ((kind === "permissions" || kind === "questions") && sub === "reply") this.#replied(exchange, answer);
    if (kind === "turns" && sub === "cancel") this.#cancel(body as Turn);
    if (method === "PATCH" && kind === "sessions") this.#patched(exchange, answer);
    if (action === "queue/resume") this.#session(body as Session);
    if (action === "queue/reorder") this.#ordered(exchange, answer, id);
    if (method === "DELETE" && kind === "inputs") this.inputs.removed(id);
    if (method === "DELETE" && kind === "sessions") this.deleted.add(id);
  }

  /** The answer is the queue as it was asked for, without what was delivered meanwhile; unless it repeats an earlier one. */
  #ordered({ body, path }: Exchange, answer: Answer, sessionId: string): void {
    const queue = answer.body as InputList;
    const { inputIds } = JSON.parse(body ?? "{}") as { inputIds: string[] };
    const queued = queue.items.map(({ id }): string => id);
    const asked = inputIds.filter((id) => queued.includes(id));
    const first = queued.slice(0, asked.length);
    if (!answer.replayed && first.join() !== asked.join())
      this.#say(`${path}: asked for ${asked.join(", ")}, answered ${first.join(", ")}`);
    this.inputs.ordered(sessionId, inputIds, queue, answer.replayed);
  }

  #replied(exchange: Exchange, { body, replayed }: Answer): void {
    const request = body as Asked;
    const before = this.#repliedBy.get(request.id);
    if (before !== undefined && before !== keyOf(exchange) && !replayed)
      this.#say(`${request.id} was answered twice, by ${before} and ${keyOf(exchange)}`);
    this.#repliedBy.set(request.id, keyOf(exchange));
    this.#asked(request);
  }

  #asked(request: Asked): void {
    if (request.state === "pending") return;
    const before = this.replies.get(request.id);
    const why = before === undefined ? undefined : whyNot(request.id, before, request);
    if (why !== undefined) this.#say(`${request.id} ${why}`);
    this.replies.set(request.id, request);
  }

  #patched({ body, path }: Exchange, answer: Answer): void {
    const session = answer.body as Session;
    const { title } = JSON.parse(body ?? "{}") as { title?: string };
    if (!answer.replayed && title !== undefined && session.title !== title)
      this.#say(`${path}: asked for title ${title}, answered ${session.title}`);
    this.#session(session);
  }

  /** A stop is on record as `stopping`, or the turn had not started and is over, or it was ending already. */
  #cancel(turn: Turn): void {
    const isDropped = turn.state === "aborted" && turn.time.started === undefined;
    if (isDropped) this.cancelled.set(turn.id, turn.sessionId);
    else if (turn.stopping === undefined && (turn.state === "running" || turn.state === "queued"))
      this.#say(`${turn.id}: its stop was accepted and is not on record`);
    this.#turn(turn);
  }

  #session(session: Session): void {
    const { id, title, lastSeq, queue } = session;
    const known = this.titles.get(id);
    if (known === undefined) this.titles.set(id, { now: title, seq: lastSeq, before: new Set() });
    else if (known.seq <= lastSeq && known.now !== title) {
      this.titles.set(id, { now: title, seq: lastSeq, before: known.before.add(known.now) });
    } else if (known.seq < lastSeq) known.seq = lastSeq;
    this.inputs.session(id, queue.paused, lastSeq);
  }

  #frame(exchange: Exchange, frame: Exchange["frames"][number]): void {
    if (frame.event === "reset") this.#say(`${exchange.path}: reset ${JSON.stringify(frame.data)}`);
    if (frame.id === undefined) return;
    this.frames += 1;
    const event = frame.data as SessionEvent;
    this.#inOrder(exchange, event);
    this.rows.take(event);
    this.texts.take(event);
    if (event.type.startsWith("turn.") && "turn" in event.data) this.#turn(event.data.turn);
    if ("permission" in event.data) this.#asked(event.data.permission);
    if ("question" in event.data) this.#asked(event.data.question);
    if ("session" in event.data) this.#session(event.data.session);
    if ("input" in event.data) this.inputs.place(event.data.input, event.seq);
    if (exchange.label === "chain") this.#chain(event);
  }

  /** Each stream is complete by `prev` from the place where it was begun (D-22). */
  #inOrder(exchange: Exchange, { sessionId, seq, prev }: SessionEvent): void {
    const last = this.#heads.get(exchange) ?? startOf(exchange);
    if (last !== undefined && (seq <= last || prev > last))
      this.#say(`${sessionId}: event ${seq} (prev ${prev}) came after ${last}`);
    this.#heads.set(exchange, seq);
  }

  #chain(event: SessionEvent): void {
    const chain = this.chains.get(event.sessionId) ?? [];
    this.chains.set(event.sessionId, chain);
    const last = chain.at(-1)?.seq ?? 0;
    if (event.seq <= last || event.prev > last)
      this.#say(`${event.sessionId}: event ${event.seq} (prev ${event.prev}) came after ${last}`);
    chain.push(event);
    this.#pauses.take(event);
  }

  #turn(turn: Turn): void {
    if (turn.stopping !== undefined) this.cancelled.set(turn.id, turn.sessionId);
    if (!isTerminal(turn.state)) return;
    const end = `${turn.state} / ${turn.reason ?? "-"}`;
    const before = this.ends.get(turn.id);
    if (before !== undefined && before !== end) this.#say(`${turn.id} ended ${before}, then ${end}`);
    if (this.cancelled.has(turn.id) && !isStopped(turn))
      this.#say(`${turn.id} was cancelled and ended ${end}`);
    this.ends.set(turn.id, end);
  }
}

type Place = { kind: string; id: string; sub: string; action: string };

/** `/api/<kind>/<id>/<sub>...` */
function placeOf({ path }: Exchange): Place {
  const [, , kind = "", id = "", ...rest] = path.split("?")[0]?.split("/") ?? [];
  return { kind, id, sub: rest[0] ?? "", action: rest.join("/") };
}

const keyOf = (exchange: Exchange): string => exchange.key ?? `${exchange.file}:${exchange.id}`;

function sentText({ body }: Exchange): string {
  const { parts = [] } = JSON.parse(body ?? "{}") as { parts?: InputPart[] };
  return textOfParts(parts);
}

/** The seq after which a stream was asked for; undefined when it was to begin now. */
function startOf({ lastEventId, path }: Exchange): number | undefined {
  const after = lastEventId ?? new URL(path, "http://localhost").searchParams.get("after") ?? undefined;
  return after === undefined ? undefined : Number(after);
}
