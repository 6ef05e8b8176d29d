/**
 * The raw limit of ingestion: `node:sqlite` on the calling thread with prepared statements, WAL, `synchronous=FULL` and the product's page size. What
 * has arrived is committed as soon as the connection is free; deltas of one part in a group are one event, part rows are written at boundaries. It
 * stores as many rows as the product, of the same bytes, and nothing else: no fence, no checks, no reading back, no subscribers, no thread.
 */
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { newId } from "@holdfast/kernel";
import { PROMPT, type StoredTurn, type TurnStore } from "./ingestion-turn.ts";

const PAGE_BYTES = 16_384;
/** A checkpoint for every 8 MiB of log, like the product. */
const CHECKPOINT_PAGES = 512;

const SCHEMA = `
CREATE TABLE turn (rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL, agent TEXT NOT NULL, state TEXT NOT NULL,
  usage TEXT NOT NULL, time_queued INTEGER NOT NULL, time_started INTEGER, time_ended INTEGER);
CREATE TABLE input (rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL, turn INTEGER NOT NULL, message INTEGER NOT NULL,
  state TEXT NOT NULL, time INTEGER NOT NULL);
CREATE TABLE message (rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL, turn INTEGER NOT NULL, role TEXT NOT NULL,
  data TEXT NOT NULL);
CREATE TABLE part (rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL, message INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  type TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE event (position INTEGER PRIMARY KEY, session INTEGER NOT NULL, seq INTEGER NOT NULL, type INTEGER NOT NULL, ref INTEGER,
  extra INTEGER, payload TEXT, turn INTEGER, actor INTEGER NOT NULL, time INTEGER NOT NULL);
CREATE UNIQUE INDEX event_seq ON event (session, seq);
`;

/** Events of the product's admission, start and end of a turn beside those of parts: one row each, of which two carry about 120 bytes. */
const ADMISSION_EVENTS = 4;
const START_EVENTS = 7;
const END_EVENTS = 7;
const STEP_PAYLOAD = JSON.stringify({ turnId: newId("trn"), messageId: newId("msg"), step: 1, attempt: 1 });
const USAGE = "{}";

type Step = () => void;
type Part = { rid: number; ordinal: number; length: number };

class Baseline {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #seqs = new Map<number, number>();
  #arrived: Step[] = [];
  #waiting: (() => void)[] = [];
  #isScheduled = false;
  #commits = 0;

  constructor(directory: string) {
    this.#database = new DatabaseSync(join(directory, "baseline.db"));
    this.#database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`);
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    this.#database.exec(
      `PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY`,
    );
    this.#database.exec(SCHEMA);
  }

  /** Takes a write into the next group. */
  push(step: Step): void {
    this.#arrived.push(step);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#commit());
  }

  /** Resolves when everything pushed so far is durable. */
  committed(): Promise<void> {
    if (this.#arrived.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  run(sql: string, ...values: (string | number | null)[]): number {
    return Number(this.#prepare(sql).run(...values).lastInsertRowid);
  }

  event(
    session: number,
    turn: number | null,
    type: number,
    ref: number | null,
    extra: number | null,
    payload: string | null,
  ): void {
    const seq = (this.#seqs.get(session) ?? 0) + 1;
    this.#seqs.set(session, seq);
    this.run(
      "INSERT INTO event (session, seq, type, ref, extra, payload, turn, actor, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      session,
      seq,
      type,
      ref,
      extra,
      payload,
      turn,
      1,
      Date.now(),
    );
  }

  work(): ReturnType<TurnStore["work"]> {
    const count = (table: string) =>
      Number(this.#prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"] ?? 0);
    const tables = ["turn", "input", "message", "part", "event"];
    return { commits: this.#commits, rows: Object.fromEntries(tables.map((table) => [table, count(table)])) };
  }

  close(): void {
    this.#database.close();
  }

  #commit(): void {
    const [steps, waiting] = [this.#arrived, this.#waiting];
    [this.#arrived, this.#waiting, this.#isScheduled] = [[], [], false];
    this.#prepare("BEGIN IMMEDIATE").run();
    for (const step of steps) step();
    this.#prepare("COMMIT").run();
    this.#commits += 1;
    for (const resolve of waiting) resolve();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }
}

const TEXT = 44;
const ROW = 42;

/** One turn on the raw connection. Rows are known by their rowid, which a process that writes them alone may keep in memory. */
class BaselineTurn implements StoredTurn {
  readonly #base: Baseline;
  readonly #session: number;
  readonly #parts = new Map<string, Part>();
  #turn = 0;
  #user = 0;
  #answer = 0;
  #ordinal = 0;
  /** The open text part, its whole text, and what of it the coming group adds. */
  #open: Part | undefined;
  #text = "";
  #grown = "";

  constructor(base: Baseline, session: number) {
    this.#base = base;
    this.#session = session;
  }

  admit(): Promise<void> {
    const base = this.#base;
    base.push(() => {
      const now = Date.now();
      const turn =
        "INSERT INTO turn (id, session, agent, state, usage, time_queued) VALUES (?, ?, ?, ?, ?, ?)";
      this.#turn = base.run(turn, newId("trn"), this.#session, "rehearsal", "queued", USAGE, now);
      this.#user = this.#message("user", { agent: "rehearsal", time: { created: now } });
      const input = "INSERT INTO input (id, session, turn, message, state, time) VALUES (?, ?, ?, ?, ?, ?)";
      base.run(input, newId("inp"), this.#session, this.#turn, this.#user, "queued", now);
      this.#insert("text", { text: PROMPT }, this.#user);
      for (let event = 0; event < ADMISSION_EVENTS; event += 1) this.#event(null);
    });
    return base.committed();
  }

  /** What the product writes when a turn starts; here it leaves with the first group. */
  start(): void {
    const base = this.#base;
    base.push(() => {
      base.run("UPDATE turn SET state = 'running', time_started = ? WHERE rid = ?", Date.now(), this.#turn);
      this.#answer = this.#message("assistant", {
        agent: "rehearsal",
        step: 1,
        time: { created: Date.now() },
      });
      for (let event = 1; event < START_EVENTS; event += 1) this.#event(null);
      this.#event(STEP_PAYLOAD);
      this.#insert("step-start", {}, this.#answer);
    });
  }

  delta(text: string): void {
    if (this.#grown === "") this.#base.push(() => this.#grow());
    this.#grown += text;
  }

  tool(update: Parameters<StoredTurn["tool"]>[0]): void {
    this.#base.push(() => {
      this.#closeText();
      const { callId, status, input = {}, output } = update;
      const time = { start: Date.now() };
      const data = { callId, tool: "read", state: { status, input, raw: "", title: "Read", output, time } };
      const known = this.#parts.get(callId);
      if (known === undefined) this.#parts.set(callId, this.#insert("tool", data, this.#answer));
      else this.#update(known, data);
    });
  }

  acknowledged(): Promise<void> {
    return this.#base.committed();
  }

  finalize(): Promise<void> {
    const base = this.#base;
    base.push(() => {
      this.#closeText();
      base.run("UPDATE turn SET state = 'completed', time_ended = ? WHERE rid = ?", Date.now(), this.#turn);
      const answer = JSON.stringify({
        agent: "rehearsal",
        step: 1,
        finish: "stop",
        time: { completed: Date.now() },
      });
      base.run("UPDATE message SET data = ? WHERE rid = ?", answer, this.#answer);
      this.#insert("step-finish", { finish: "stop" }, this.#answer);
      for (let event = 1; event < END_EVENTS; event += 1) this.#event(null);
      this.#event(STEP_PAYLOAD);
    });
    return base.committed();
  }

  #grow(): void {
    const text = this.#grown;
    this.#grown = "";
    this.#text += text;
    if (this.#open === undefined) {
      // Like the product, whose first delta makes the row: what came with it is one event more.
      const first = text.slice(0, 20);
      this.#open = this.#insert("text", { text: first, time: { start: Date.now() } }, this.#answer);
      if (text.length > first.length) this.#delta(text.slice(first.length), first.length);
    } else this.#delta(text, this.#text.length - text.length);
  }

  #delta(text: string, offset: number): void {
    const { rid } = this.#open ?? { rid: 0 };
    this.#base.event(this.#session, this.#turn, TEXT, rid, offset * 4, text);
  }

  #closeText(): void {
    if (this.#open === undefined) return;
    const now = Date.now();
    this.#update(this.#open, { text: this.#text, time: { start: now, end: now } });
    this.#open = undefined;
    this.#text = "";
  }

  #message(role: string, data: object): number {
    const sql = "INSERT INTO message (id, session, turn, role, data) VALUES (?, ?, ?, ?, ?)";
    return this.#base.run(sql, newId("msg"), this.#session, this.#turn, role, JSON.stringify(data));
  }

  #insert(type: string, data: object, message: number): Part {
    const ordinal = this.#ordinal;
    this.#ordinal += 1;
    const sql = "INSERT INTO part (id, session, message, ordinal, type, data) VALUES (?, ?, ?, ?, ?, ?)";
    const rid = this.#base.run(
      sql,
      newId("prt"),
      this.#session,
      message,
      ordinal,
      type,
      JSON.stringify(data),
    );
    this.#base.event(this.#session, this.#turn, ROW, rid, null, null);
    return { rid, ordinal, length: 0 };
  }

  #update(part: Part, data: object): void {
    this.#base.run("UPDATE part SET data = ? WHERE rid = ?", JSON.stringify(data), part.rid);
    this.#base.event(this.#session, this.#turn, ROW, part.rid, null, null);
  }

  #event(payload: string | null): void {
    this.#base.event(this.#session, this.#turn, payload === null ? 1 : 30, null, null, payload);
  }
}

/** The raw side of T-1. */
export function openBaseline(directory: string): Promise<TurnStore> {
  const base = new Baseline(directory);
  return Promise.resolve({
    async begin(session) {
      const turn = new BaselineTurn(base, session);
      await turn.admit();
      turn.start();
      return turn;
    },
    work: () => base.work(),
    close: () => Promise.resolve(base.close()),
  });
}
