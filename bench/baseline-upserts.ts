/**
 * The raw limit of T-15: the rows that the service has of a published session, written once more by `node:sqlite` on the calling thread: prepared statements, WAL,
 * `synchronous=FULL`, the product's page size and indexes, 200 operations to a transaction. Each is one upsert of the row and one of its place in the ledger; nothing
 * is checked, hashed, parsed, sent, queued before or told after.
 */
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { MAX_BATCH_OPS } from "@holdfast/protocol";

const PAGE_BYTES = 16_384;
/** A checkpoint for every 8 MiB of log, like the product. */
const CHECKPOINT_PAGES = 512;

const SCHEMA = `
CREATE TABLE stream (rid INTEGER PRIMARY KEY, cursor INTEGER NOT NULL, chain TEXT NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE item (rid INTEGER PRIMARY KEY, stream INTEGER NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, parent TEXT, ordinal INTEGER, omitted TEXT,
  hash TEXT NOT NULL, seq INTEGER NOT NULL, bytes INTEGER NOT NULL, data TEXT, UNIQUE (stream, key));
CREATE INDEX item_message ON item (stream, ordinal, key) WHERE kind = 'message';
CREATE INDEX item_part ON item (stream, parent, ordinal) WHERE kind = 'part';
CREATE INDEX item_seq ON item (stream, seq);
CREATE TABLE ledger (stream INTEGER NOT NULL, seq INTEGER NOT NULL, op_id TEXT NOT NULL, hash TEXT NOT NULL, code TEXT, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE UNIQUE INDEX ledger_op ON ledger (stream, op_id);
`;

const ITEM = `INSERT INTO item (stream, key, kind, parent, ordinal, omitted, hash, seq, bytes, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (stream, key) DO UPDATE SET parent = excluded.parent, ordinal = excluded.ordinal, omitted = excluded.omitted, hash = excluded.hash,
  seq = excluded.seq, bytes = excluded.bytes, data = excluded.data`;
const LEDGER = `INSERT INTO ledger (stream, seq, op_id, hash, code) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (stream, seq) DO UPDATE SET op_id = excluded.op_id, hash = excluded.hash, code = excluded.code`;

type Value = string | number | null;
/** What the service has of one operation: the row, and its place in the ledger. */
type StoredOperation = { item: Value[]; ledger: Value[] };

/** The operations of a share's stream, as the service stores them. */
export function storedOperations(database: string, shareId: string): StoredOperation[] {
  const service = new DatabaseSync(database, { readOnly: true });
  try {
    const of = "FROM share h JOIN stream s ON s.rid = h.live";
    const items = service
      .prepare(
        `SELECT i.key, i.kind, i.parent, i.ordinal, i.omitted, i.hash, i.seq, i.bytes, i.data ${of} JOIN item i ON i.stream = s.rid WHERE h.id = ? ORDER BY i.rid`,
      )
      .all(shareId);
    const ledger = service
      .prepare(
        `SELECT l.seq, l.op_id, l.hash, l.code ${of} JOIN ledger l ON l.stream = s.rid WHERE h.id = ? ORDER BY l.seq`,
      )
      .all(shareId);
    if (items.length !== ledger.length)
      throw new Error(`${ledger.length} operations made ${items.length} rows; a new share has as many.`);
    const valuesOf = (row: object | undefined) => Object.values(row ?? {}) as Value[];
    return items.map((item, at) => ({ item: valuesOf(item), ledger: valuesOf(ledger[at]) }));
  } finally {
    service.close();
  }
}

export class UpsertBaseline implements Disposable {
  readonly #database: DatabaseSync;
  readonly #item: StatementSync;
  readonly #ledger: StatementSync;
  #stream = 0;

  constructor(directory: string) {
    this.#database = new DatabaseSync(join(directory, "baseline.db"));
    this.#database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`);
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    this.#database.exec(
      `PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY`,
    );
    this.#database.exec(SCHEMA);
    this.#item = this.#database.prepare(ITEM);
    this.#ledger = this.#database.prepare(LEDGER);
  }

  /** Writes them as a new stream; answers the operations per second. */
  write(operations: readonly StoredOperation[]): number {
    this.#stream += 1;
    const database = this.#database;
    const begin = database.prepare("BEGIN IMMEDIATE");
    const commit = database.prepare("COMMIT");
    const move = database.prepare(
      "INSERT INTO stream (rid, cursor, chain, bytes) VALUES (?, ?, ?, 0) ON CONFLICT (rid) DO UPDATE SET cursor = excluded.cursor, chain = excluded.chain",
    );
    const start = performance.now();
    for (let at = 0; at < operations.length; at += MAX_BATCH_OPS) {
      begin.run();
      const batch = operations.slice(at, at + MAX_BATCH_OPS);
      for (const { item, ledger } of batch) {
        this.#item.run(this.#stream, ...item);
        this.#ledger.run(this.#stream, ...ledger);
      }
      move.run(this.#stream, at + batch.length, "0".repeat(64));
      commit.run();
    }
    return operations.length / ((performance.now() - start) / 1_000);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
