import {
  type Admitted,
  type Input,
  type InputList,
  type InputPart,
  isPreamblePart,
  type Part,
} from "@holdfast/protocol";

/** One acknowledged input, and what was asked about it since. */
export type Admission = {
  sessionId: string;
  inputId: string;
  turnId: string;
  messageId: string;
  /** Its text by the newest acknowledged edit. */
  text: string;
  /** Texts of edits that nobody answered: they may hold instead. */
  maybe: Set<string>;
  removal: "none" | "asked" | "acknowledged";
  /** Place in the queue, by the newest that told it; without a value when it is known to have changed unseen. */
  position: { value: number | undefined; seq: number } | undefined;
  /** As which it was told with that place. */
  delivery: Input["delivery"];
};

/** What the client knows of a queue as a whole. */
export type QueueClaim = {
  /** A reorder without an answer: the order is open until the next one that is answered. */
  isOpen: boolean;
  /** Orders that were acknowledged when their inputs had left the queue already: no list told their places any more. */
  orders: string[][];
  /** The seq at which the queue was acknowledged as paused, as long as nobody asked it to go on (D-6). */
  paused: number | undefined;
  /** Newest seq at which the queue's row was told. */
  seq: number;
  /** Requests that may let the queue go on and whose place in the log is not known yet, by key, then by input id. */
  unplaced: Set<string>;
};

export const textOfParts = (parts: readonly (Part | InputPart)[]): string =>
  parts.map((part) => (part.type === "text" && !isPreamble(part) ? part.text : "")).join("");

/** What the server put in front of what was asked. A part of an input never is one. */
const isPreamble = (part: Part | InputPart): boolean => "id" in part && isPreamblePart(part);

/** Inputs: admitted, edited, removed, ordered, held. */
export class InputBook {
  /** By input id. */
  readonly admissions = new Map<string, Admission>();
  readonly queues = new Map<string, QueueClaim>();
  /** Texts that were sent at all, by session: each may exist once, answered or not (D-5). */
  readonly sent = new Map<string, { sessionId: string; text: string }>();
  /** Turns that somebody asked to stop, answered or not. */
  readonly stops = new Set<string>();
  readonly #byKey = new Map<string, string>();
  /** How often an edit was sent, by key. */
  readonly #edits = new Map<string, number>();
  /** Inputs that an event told of. */
  readonly #told = new Set<string>();
  readonly #say: (violation: string) => void;

  constructor(say: (violation: string) => void) {
    this.#say = say;
  }

  queue(sessionId: string): QueueClaim {
    const claim = this.queues.get(sessionId) ?? {
      isOpen: false,
      orders: [],
      paused: undefined,
      seq: 0,
      unplaced: new Set<string>(),
    };
    this.queues.set(sessionId, claim);
    return claim;
  }

  admissionSent(sessionId: string, key: string, text: string): void {
    this.sent.set(`${sessionId}:${key}`, { sessionId, text });
    this.goesOn(sessionId, key);
  }

  admitted(key: string, text: string, { input, turn, message }: Admitted): void {
    const { id: inputId, sessionId } = input;
    const before = this.#byKey.get(`${sessionId}:${key}`);
    if (before !== undefined && before !== inputId)
      this.#say(`one key made two inputs: ${before} and ${inputId}`);
    this.#byKey.set(`${sessionId}:${key}`, inputId);
    this.wentOn(sessionId, key);
    if (!this.#told.has(inputId)) this.queue(sessionId).unplaced.add(inputId);
    if (this.admissions.has(inputId)) return;
    this.admissions.set(inputId, {
      sessionId,
      inputId,
      turnId: turn.id,
      messageId: message.info.id,
      text,
      maybe: new Set(),
      removal: "none",
      position: input.position === undefined ? undefined : { value: input.position, seq: 0 },
      delivery: input.delivery,
    });
  }

  editSent(inputId: string, key: string, text: string): void {
    const admission = this.admissions.get(inputId);
    if (admission === undefined) return;
    admission.maybe.add(text);
    this.#edits.set(key, (this.#edits.get(key) ?? 0) + 1);
    this.sent.set(`${admission.sessionId}:${key}`, { sessionId: admission.sessionId, text });
  }

  /** Answered with the row as it is; or refused: then the old text holds, if this was the first time that it was asked (keys count for POST alone). */
  editAnswered(inputId: string, key: string, text: string, isDone: boolean): void {
    const admission = this.admissions.get(inputId);
    if (admission === undefined) return;
    if (isDone || this.#edits.get(key) === 1) admission.maybe.delete(text);
    if (isDone) admission.text = text;
  }

  removalSent(inputId: string): void {
    const admission = this.admissions.get(inputId);
    if (admission?.removal === "none") admission.removal = "asked";
  }

  removed(inputId: string): void {
    const admission = this.admissions.get(inputId);
    if (admission !== undefined) admission.removal = "acknowledged";
  }

  reorderSent(sessionId: string): void {
    this.queue(sessionId).isOpen = true;
  }

  /** A repeated key is answered with the queue as it is now: what was asked for and is not in it any more was delivered in the order that was asked. */
  ordered(sessionId: string, asked: readonly string[], { items, seq }: InputList, isReplay: boolean): void {
    const queue = this.queue(sessionId);
    queue.isOpen = false;
    for (const input of items) this.place(input, seq);
    if (!isReplay) return;
    const gone = asked.filter((id) => !items.some((input) => input.id === id));
    for (const id of gone) {
      const admission = this.admissions.get(id);
      if (admission !== undefined) admission.position = { value: undefined, seq };
    }
    if (gone.length > 1) queue.orders.push(gone);
  }

  place(input: Input, seq: number): void {
    this.#told.add(input.id);
    this.queue(input.sessionId).unplaced.delete(input.id);
    const admission = this.admissions.get(input.id);
    if (admission === undefined || input.position === undefined) return;
    if ((admission.position?.seq ?? -1) > seq) return;
    admission.position = { value: input.position, seq };
    admission.delivery = input.delivery;
  }

  /** Somebody asked for something that lets a paused queue go on, or may (D-6). */
  goesOn(sessionId: string, key: string): void {
    const queue = this.queue(sessionId);
    queue.paused = undefined;
    queue.unplaced.add(key);
  }

  /** That request was answered. */
  wentOn(sessionId: string, key: string): void {
    this.queue(sessionId).unplaced.delete(key);
  }

  /** The queue's row as it was at `seq`. A pause counts when nothing is on its way that may end it. */
  session(sessionId: string, isPaused: boolean, seq: number): void {
    const queue = this.queue(sessionId);
    if (seq < queue.seq) return;
    queue.seq = seq;
    queue.paused = isPaused && queue.unplaced.size === 0 ? seq : undefined;
  }
}
