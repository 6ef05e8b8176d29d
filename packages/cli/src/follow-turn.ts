/**
 * Follows one turn over the session's event stream to its final state. The reducer keeps the state; a reporter hears each event and each
 * part that changed. A turn that was merged into another (a steer, D-6) is followed there.
 */
import {
  EMPTY_SESSION,
  type HoldfastClient,
  isApiError,
  meetNeed,
  reduce,
  type SessionState,
  skipEvent,
} from "@holdfast/client";
import {
  isTerminal,
  type Message,
  type Part,
  type Session,
  type SessionEvent,
  type Turn,
} from "@holdfast/protocol";
import { CliError, EXIT } from "./exit-code.ts";
import { type Hold, holdOf } from "./hold-text.ts";

export type TurnReporter = {
  /** Each event of the session from the admission on; `turnId` is the turn that is followed now. */
  event(event: SessionEvent, turnId: string): void;
  /** A part of an answer of the turn, as it is now. */
  part(part: Part): void;
  /** Why the turn does not begin, or cannot go on; undefined when nothing holds it. */
  hold(hold: Hold | undefined): void;
  /** The connection broke (with its reason) or came back. */
  trouble(error: Error | undefined): void;
};

export type Followed = { turn: Turn; messages: Message[] };

/** How long a server may be gone before it is given up, in ms. */
export const GIVE_UP_MS = 60_000;

/** Largest page: a turn's messages fit one. */
const PAGE = 200;

export async function followTurn(options: {
  client: HoldfastClient;
  /** As it was before the admission. */
  session: Session;
  turnId: string;
  reporter: TurnReporter;
  signal: AbortSignal;
}): Promise<Followed> {
  const { client, reporter, signal } = options;
  const { id: sessionId, lastSeq: after } = options.session;
  const follower = new Follower(options);
  let goneSince: number | undefined;
  for await (const item of client.streamSession({ sessionId, after, signal })) {
    switch (item.kind) {
      case "event":
        await follower.take(item.event);
        break;
      case "unknown":
        follower.state = skipEvent(follower.state, item.seq);
        break;
      case "reset":
        await follower.reload();
        break;
      case "hello":
        follower.isLive = false;
        if (goneSince !== undefined) reporter.trouble(undefined);
        goneSince = undefined;
        break;
      case "disconnected":
        goneSince ??= performance.now();
        if (performance.now() - goneSince > GIVE_UP_MS) throw item.error;
        if (item.attempt > 1) reporter.trouble(item.error);
        break;
      case "caught-up":
        follower.isLive = true;
        follower.reportAll();
        break;
      case "heartbeat":
      case "loss":
        break;
    }
    if (follower.ended !== undefined) return follower.ended;
  }
  signal.throwIfAborted();
  throw new CliError(EXIT.notFound, `Session ${sessionId} was deleted.`);
}

class Follower {
  state: SessionState;
  ended: Followed | undefined;
  /** A replay has only the newest entry per row (D-4), so parts come in another order than they were made in. */
  isLive = false;
  #turnId: string;
  readonly #options: Parameters<typeof followTurn>[0];

  constructor(options: Parameters<typeof followTurn>[0]) {
    this.#options = options;
    this.#turnId = options.turnId;
    this.state = { ...EMPTY_SESSION, session: options.session, lastSeq: options.session.lastSeq };
  }

  async take(event: SessionEvent): Promise<void> {
    this.state = reduce(this.state, event);
    await this.#readNeeds();
    this.#options.reporter.event(event, this.#turnId);
    if (this.isLive) this.#report(event);
    const turn = this.state.turns[this.#turnId];
    if (turn === undefined) return;
    this.#options.reporter.hold(holdOf(turn, this.state.session));
    if (isTerminal(turn.state)) this.#end(turn);
  }

  /** Every part of the answers, in their order; a reporter hears some of them again. */
  reportAll(): void {
    for (const message of this.#answers())
      for (const part of message.parts) this.#options.reporter.part(part);
  }

  #report(event: SessionEvent): void {
    const partId = partIdOf(event);
    if (partId === undefined) return;
    const parts = this.#answers().flatMap((message) => message.parts);
    const part = parts.find(({ id }) => id === partId);
    if (part !== undefined) this.#options.reporter.part(part);
  }

  /** The stream could not go on from where it was: the rows say what was missed. */
  async reload(): Promise<void> {
    const { client } = this.#options;
    const session = await client.getSession(this.#options.session.id);
    const page = await client.listMessages(session.id, { limit: PAGE });
    const turn = await client.getTurn(this.#turnId);
    const turns = { [turn.id]: turn };
    this.state = { ...EMPTY_SESSION, session, messages: page.items, turns, lastSeq: page.seq };
    this.#options.reporter.hold(holdOf(turn, session));
    this.reportAll();
    if (isTerminal(turn.state)) this.#end(turn);
  }

  #end(turn: Turn): void {
    this.reportAll();
    const merged = turn.mergedInto;
    if (merged === undefined)
      this.ended = { turn, messages: this.state.messages.filter((item) => item.info.turnId === turn.id) };
    else this.#turnId = merged;
  }

  #answers(): Message[] {
    return this.state.messages.filter(
      ({ info }) => info.role === "assistant" && info.turnId === this.#turnId,
    );
  }

  async #readNeeds(): Promise<void> {
    for (const need of Object.values(this.state.needs)) {
      const part = await this.#options.client.getPart(need.messageId, need.partId).catch((error: unknown) => {
        if (isApiError(error, "NOT_FOUND")) return undefined;
        throw error;
      });
      this.state = meetNeed(this.state, need, part);
    }
  }
}

function partIdOf(event: SessionEvent): string | undefined {
  if (event.type === "message.part.delta") return event.data.partId;
  if (event.type !== "message.part.updated") return undefined;
  return event.data.part.id;
}
