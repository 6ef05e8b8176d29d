/** The command module of these tests: accounts that only a whole command may move, and texts that grow. */
import { HoldfastError } from "@holdfast/kernel";
import type { CommandModule, Reader, Tx } from "@holdfast/sqlite";

export const FIRST_MIGRATION = {
  version: 1,
  name: "ledger",
  sql: `
    CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
    CREATE TABLE account (name TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT;
    CREATE TABLE owner (account TEXT NOT NULL REFERENCES account (name)) STRICT;
    CREATE TABLE growing (name TEXT PRIMARY KEY, text TEXT NOT NULL, writes INTEGER NOT NULL) STRICT;
  `,
};

export type AddArgs = { account: string; amount: number; fail?: boolean; note?: unknown };
export type GrowArgs = { name: string; text: string; fail?: boolean };

function add(tx: Tx, { account, amount, fail, note }: AddArgs): number {
  tx.prepare(
    "INSERT INTO account (name, balance) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET balance = balance + excluded.balance",
  ).run(account, amount);
  tx.emit(note ?? { account, amount });
  if (fail === true) {
    throw new HoldfastError("CONFLICT", `The account ${account} refuses.`, {
      data: { account },
      issues: [{ path: "amount", message: "refused" }],
    });
  }
  return Number(tx.prepare("SELECT balance FROM account WHERE name = ?").get(account)?.["balance"]);
}

function grow(tx: Tx, { name, text, fail }: GrowArgs): string {
  if (fail === true || text.includes("!")) throw new HoldfastError("CONFLICT", "This text is refused.");
  tx.prepare(
    `INSERT INTO growing (name, text, writes) VALUES (?, ?, 1)
     ON CONFLICT (name) DO UPDATE SET text = text || excluded.text, writes = writes + 1`,
  ).run(name, text);
  tx.emit({ grew: name, text });
  return String(tx.prepare("SELECT text FROM growing WHERE name = ?").get(name)?.["text"]);
}

const module: CommandModule = {
  migrations: [FIRST_MIGRATION],
  commands: {
    add,
    grow,
    write: (tx, { text }: { text: string }) =>
      Number(tx.prepare("INSERT INTO entry (text) VALUES (?)").run(text).lastInsertRowid),
    own: (tx, { account, note }: { account: string; note?: unknown }) => {
      tx.prepare("INSERT INTO owner VALUES (?)").run(account);
      if (note !== undefined) tx.emit(note);
    },
    limitPages: (tx, { spare }: { spare: number }) => {
      const { page_count: pages } = tx.prepare("PRAGMA page_count").get() as { page_count: number };
      return tx.prepare(`PRAGMA max_page_count = ${spare < 0 ? 1_000_000 : pages + spare}`).get();
    },
    pragma: (tx, { name }: { name: string }) => Object.values(tx.prepare(`PRAGMA ${name}`).get() ?? {})[0],
    throwBug: (tx) => {
      tx.prepare("INSERT INTO entry (text) VALUES ('bug')").run();
      throw new TypeError("the secret text of a bug");
    },
    promise: async (tx: Tx) => {
      tx.prepare("INSERT INTO entry (text) VALUES ('async')").run();
      await Promise.resolve();
    },
    commitInside: (tx) => tx.prepare("/* hidden */ COMMIT").run(),
    unclonable: (tx) => {
      tx.prepare("INSERT INTO entry (text) VALUES ('unclonable')").run();
      return () => undefined;
    },
    block: (_tx, { gate }: { gate: Int32Array }) => {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      return Atomics.wait(gate, 0, 1, 20_000);
    },
    exit: () => process.exit(3),
    emitUnclonable: (tx) => tx.emit(() => undefined),
    now: (tx) => tx.now(),
    /** Remembers a word and answers what stood there before it. */
    remember: (tx, { word, fail }: { word: string; fail?: boolean }) => {
      const before = tx.memory.get("word");
      tx.memory.set("word", word);
      if (fail === true) throw new HoldfastError("CONFLICT", "This word is refused.");
      return before;
    },
  },
  queries: {
    balances: (reader: Reader) => reader.all("SELECT name, balance FROM account ORDER BY name"),
    refuse: () => {
      throw new HoldfastError("NOT_FOUND", "Nothing to read.");
    },
    die: () => process.exit(4),
    wait: (reader: Reader, { gate }: { gate: Int32Array }) => {
      reader.all("SELECT count(*) FROM account");
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      // Whoever waits may have been let go before this line.
      return Atomics.wait(gate, 0, 1, 20_000) === "timed-out" ? "timed-out" : "ok";
    },
    write: (reader: Reader) => reader.all("INSERT INTO entry (text) VALUES ('x') RETURNING id"),
  },
  coalesce(previous, next) {
    if (previous.name !== "grow" || next.name !== "grow") return undefined;
    const before = previous.args as GrowArgs;
    const after = next.args as GrowArgs;
    if (before.name !== after.name) return undefined;
    return {
      name: before.name,
      text: before.text + after.text,
      fail: before.fail === true || after.fail === true,
    };
  },
};

export const commandModule = module;
