/**
 * Somebody who watches a share by its link, as the page does: a snapshot, then the events by cursor through the client's reducer. The connection is cut between
 * any two frames, and goes on from the last one that was taken.
 */
import { reduceShared, shareCursor, type SharedState, sharedStateOf } from "@holdfast/client";
import { isHoldfastError } from "@holdfast/kernel";
import { canonicalJson } from "@holdfast/protocol";
import type { ShareCaller, ShareEvent, ShareSink } from "@holdfast/share";
import type { Tally } from "./faults.ts";
import type { Table } from "./judge.ts";
import type { Service } from "./service.ts";

export type ViewerParts = {
  shareId: string;
  /** Of its link. */
  secret: string;
  service: Service;
  tally: Tally;
  /** Whether the link is known to have ended. */
  hasEnded: (secret: string) => boolean;
  trace: (line: string) => void;
  violated: (what: string) => void;
};

type Frame = Parameters<ReturnType<typeof shareCursor>["take"]>[0];

/** A stream that is open, until it is cut or ended; what came of it and was not taken yet is lost then. */
type Connection = {
  cursor: ReturnType<typeof shareCursor>;
  frames: Frame[];
  isOpen: boolean;
  isCaughtUp: boolean;
  isTaking: boolean;
  leave: () => void;
};

/** What a frame of a share says is all in it: nothing is read for it that could be given up. */
const NEVER = new AbortController().signal;
/** The address of who watches. */
const PEER = "198.51.100.1";
/** Messages and changes of one answer; no session here has more. */
const PAGE = 200;
/** Refusals that go by: the service died, or was asked too often. */
const PASSING = ["SERVICE_UNAVAILABLE", "RATE_LIMITED"] as const;

export class Viewer {
  readonly secret: string;
  readonly #parts: ViewerParts;
  #state: SharedState | undefined;
  #storeId: string | undefined;
  #connection: Connection | undefined;

  constructor(parts: ViewerParts) {
    this.#parts = parts;
    this.secret = parts.secret;
  }

  get #caller(): ShareCaller {
    return { bearer: this.secret, peer: PEER };
  }

  get isWatching(): boolean {
    return this.#connection?.isOpen === true;
  }

  /** The connection breaks. */
  cut(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection?.isOpen !== true) return;
    connection.isOpen = false;
    connection.leave();
  }

  /** Reads what has to be read, and connects where it is not. Answers why it does not watch now; undefined where it does. */
  async connect(): Promise<"down" | "refused" | undefined> {
    const { service, trace } = this.#parts;
    if (!service.isUp) return "down";
    if (this.isWatching) return undefined;
    try {
      this.#state ??= await this.#read();
      await this.#subscribe(this.#state.transcript.lastSeq);
      return undefined;
    } catch (error) {
      if (isHoldfastError(error, "REF_NOT_VALID")) return "refused";
      if (!PASSING.some((code) => isHoldfastError(error, code))) throw error;
      trace(`viewer: ${(error as Error).message}`);
      return "down";
    }
  }

  /** What it shows once it has caught up; undefined where it does not get there now. */
  async #shown(): Promise<SharedState | undefined> {
    if ((await this.connect()) !== undefined) return undefined;
    const connection = this.#connection;
    // More than a page of events comes in pieces, each in its own turn.
    if (connection?.isCaughtUp === false || connection?.isTaking === true)
      await new Promise((resolve) => void setImmediate(resolve));
    return connection?.isOpen === true && connection.isCaughtUp && !connection.isTaking
      ? this.#state
      : undefined;
  }

  /** What somebody sees who begins to read now, and what it shows itself; undefined where that cannot be told now. */
  async compared(): Promise<{ fresh: Table; shown: Table } | undefined> {
    const shown = await this.#shown();
    return shown && { fresh: tableOf(await this.#read()), shown: tableOf(shown) };
  }

  /** The session first, so that nothing is older than its seq. */
  async #read(): Promise<SharedState> {
    const { shareId, service } = this.#parts;
    const session = await service.call("readSession", shareId, this.#caller, {});
    const messages = await service.call("readMessages", shareId, this.#caller, { limit: PAGE });
    const changes = await service.call("readChanges", shareId, this.#caller, { limit: PAGE });
    return sharedStateOf(session, messages, changes.items);
  }

  async #subscribe(after: number): Promise<void> {
    const { shareId, service } = this.#parts;
    const cursor = shareCursor({ after, storeId: this.#storeId });
    const connection: Connection = {
      cursor,
      frames: [],
      isOpen: true,
      isCaughtUp: false,
      isTaking: false,
      leave: () => undefined,
    };
    const { query } = cursor.resume();
    this.#connection = connection;
    try {
      await service.subscribe(
        {
          shareId,
          caller: this.#caller,
          after: String(query["after"]),
          store: query["store"] === undefined ? undefined : String(query["store"]),
        },
        () => this.#sinkOf(connection),
        () => (connection.isOpen = false),
      );
    } catch (error) {
      connection.isOpen = false;
      throw error;
    }
  }

  #sinkOf(connection: Connection): ShareSink {
    const { tally, hasEnded, violated } = this.#parts;
    return {
      control: ({ type, data }) => this.#arrive(connection, [{ event: type, data: JSON.stringify(data) }]),
      deliver: (events) => {
        if (hasEnded(this.secret)) violated("a viewer was told something after its link had ended");
        this.#arrive(connection, events.map(frameOf));
      },
      backlog: () => 0,
      drained: () => Promise.resolve(),
      end: (reason) => {
        if (reason === "failed" || reason === "overflow") violated(`a viewer's stream ended: ${reason}`);
        if (reason === "revoked") tally.add("viewer sent away");
        connection.isOpen = false;
      },
      onLeave: (listener) => (connection.leave = listener),
    };
  }

  #arrive(connection: Connection, frames: readonly Frame[]): void {
    if (!connection.isOpen) return;
    connection.frames.push(...frames);
    if (connection.isTaking) return;
    connection.isTaking = true;
    this.#takeAll(connection).catch((error: unknown) =>
      this.#parts.violated(`a viewer could not go on: ${String(error)}`),
    );
  }

  async #takeAll(connection: Connection): Promise<void> {
    for (let frame = connection.frames.shift(); frame !== undefined; frame = connection.frames.shift()) {
      const { items } = await connection.cursor.take(frame, NEVER);
      if (connection !== this.#connection) break;
      for (const item of items) this.#take(connection, item);
    }
    connection.isTaking = false;
  }

  #take(
    connection: Connection,
    item: Awaited<ReturnType<typeof connection.cursor.take>>["items"][number],
  ): void {
    switch (item.kind) {
      case "hello":
        this.#storeId = item.storeId;
        return;
      case "caught-up":
        connection.isCaughtUp = true;
        return;
      case "reset":
        this.#parts.tally.add("viewer begins anew");
        return this.#forget();
      case "event": {
        if (this.#state === undefined) return;
        this.#state = reduceShared(this.#state, item.event);
        // As the page does where an event does not fit what it has.
        if (Object.keys(this.#state.transcript.needs).length > 0) this.#forget();
        return;
      }
      case "heartbeat":
        return;
    }
  }

  /** Everything is to be read again. */
  #forget(): void {
    this.#state = undefined;
    this.cut();
  }
}

const frameOf = ({ seq, prev, type, time, data }: ShareEvent): Frame => ({
  id: String(seq),
  event: type,
  data: JSON.stringify({
    seq,
    ...(prev === undefined ? {} : { prev }),
    type,
    time,
    data: JSON.parse(data) as unknown,
  }),
});

/** All that a page draws. */
function tableOf({ session, models, usage, expiresAt, transcript, changes, omitted }: SharedState): Table {
  const { messages, status, turns } = transcript;
  const table: Table = new Map();
  const show = (key: string, value: unknown) => void table.set(key, canonicalJson(value));
  show("head", { session, models, usage, expiresAt, status });
  show(
    "order",
    messages.map(({ info }) => info.id),
  );
  for (const { info, parts } of messages) {
    show(`message:${info.id}`, info);
    show(`turn:${info.turnId}`, { turn: turns[info.turnId] });
    for (const part of parts) show(`part:${part.id}`, part);
  }
  show("changes", [...changes.keys()]);
  for (const [id, change] of changes) show(`change:${id}`, change);
  for (const [key, { reason, messageId }] of omitted) show(key, { reason, messageId });
  return table;
}
