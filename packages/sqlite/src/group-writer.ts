import type { DatabaseSync, StatementSync } from "node:sqlite";
/**
 * Executes groups of commands on the writing connection: the transaction side of group commit (D-34).
 *
 *   BEGIN IMMEDIATE -> schema check -> per command: SAVEPOINT, run, RELEASE | ROLLBACK TO -> COMMIT -> answer
 *                                             \ transaction gone, or COMMIT refused -> each command again, alone
 *
 * - A command is stored whole or not at all and fails alone; its notes share its fate.
 * - Nothing is answered before the commit that makes it durable; answers keep the order of the commands.
 * - Coalescing is invisible: a merged command that fails is taken apart and its members run one by one.
 * - What commands remember (`Tx.memory`) is forgotten with whatever is undone, and when another connection has written.
 * - A failed sync, a disk error in COMMIT, or a command that lost the transaction and went on is a FailStop: no answer at all.
 */
import { type Clock, errorText, faultPoint, HoldfastError } from "@holdfast/kernel";
import type { CommandModule, Note, Tx } from "./contract.ts";
import { FailStop, isFailStop, databaseRefusal } from "./sqlite-error.ts";
import { StatementCache } from "./statement-cache.ts";
import { type Command, type Reply, toWire, type WireError } from "./wire.ts";

/** A command may not end or nest the group's transaction, nor bring in other files. */
const TRANSACTION_CONTROL =
  /^(?:\s|;|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(begin|commit|end|rollback|savepoint|release|attach|detach|vacuum)\b/i;

/** Commands that run as one; more than one id when they were coalesced. */
type Unit = { members: Command[]; name: string; args: unknown };
type Outcome = { ok: true; value: unknown } | { ok: false; error: WireError };
type Log = (level: "warn" | "error", fields: Record<string, unknown>, message: string) => void;

/** Thrown inside `#together` when SQLite has rolled the whole group back by itself. */
class TransactionGone extends Error {}

export class GroupWriter {
  readonly #database: DatabaseSync;
  readonly #module: CommandModule;
  readonly #schemaVersion: number;
  readonly #log: Log;
  readonly #tx: Tx;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #releaseSavepoint: StatementSync;
  readonly #rollbackToSavepoint: StatementSync;
  readonly #userVersion: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #memory = new Map<string, unknown>();
  /** What SQLite counts up when another connection commits. */
  #lastDataVersion: unknown;
  #notes: Note[] = [];
  #open = false;

  constructor(
    database: DatabaseSync,
    module: CommandModule,
    schemaVersion: number,
    clock: Clock,
    log: Log,
    statements = new StatementCache(database, refuseTransactionControl),
  ) {
    this.#database = database;
    this.#module = module;
    this.#schemaVersion = schemaVersion;
    this.#log = log;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#rollback = database.prepare("ROLLBACK");
    this.#savepoint = database.prepare("SAVEPOINT command");
    this.#releaseSavepoint = database.prepare("RELEASE command");
    this.#rollbackToSavepoint = database.prepare("ROLLBACK TO command");
    this.#userVersion = database.prepare("PRAGMA user_version");
    this.#dataVersion = database.prepare("PRAGMA data_version");
    const guard = () => {
      if (!this.#open) throw new Error("A transaction was used after its command had returned.");
    };
    this.#tx = {
      prepare(sql) {
        guard();
        return statements.prepare(sql);
      },
      now: () => clock.now(),
      emit: (note) => {
        guard();
        this.#notes.push(note);
      },
      memory: this.#memory,
    };
  }

  /** Runs the module's `opened` in a transaction of its own; throws what it threw. */
  opened(): void {
    const opened = this.#module.opened?.bind(this.#module);
    if (opened === undefined) return;
    this.#begin.run();
    try {
      this.#inCommand(() => opened(this.#tx));
      this.#commit.run();
    } catch (error) {
      this.#rollBack();
      throw error;
    } finally {
      this.#notes = [];
    }
  }

  /** Makes the group durable and answers it, in one reply or, after a replay, in one per command. Throws only FailStop. */
  execute(commands: readonly Command[], answer: (reply: Reply) => void): void {
    const reply = this.#together(commands);
    if (reply !== undefined) return answer(reply);
    for (const command of commands) {
      const alone = this.#together([command]);
      if (alone === undefined) throw new FailStop("A replayed command left no outcome.", undefined);
      answer(alone);
    }
  }

  /** One transaction for all; undefined when nothing of it is stored and each command has to run alone. */
  #together(commands: readonly Command[]): Reply | undefined {
    const alone = commands.length === 1;
    const refused = this.#beginGroup();
    if (refused !== undefined) return this.#reply(commands, () => ({ ok: false, error: refused }));
    const outcomes = new Map<number, Outcome>();
    try {
      for (const unit of this.#units(commands)) this.#runUnit(unit, alone, outcomes);
    } catch (error) {
      if (!(error instanceof TransactionGone)) throw error;
      this.#undone(0);
      if (!alone) return undefined;
      const failure = this.#failure(commands[0]?.[1] ?? "", error.cause);
      return this.#reply(commands, () => ({ ok: false, error: failure }));
    }
    // The only command of the group has failed and was rolled back with its transaction.
    if (!this.#database.isTransaction) return this.#reply(commands, (id) => outcomes.get(id));
    faultPoint("runner.commit.before");
    const failed = this.#commitGroup();
    if (failed !== undefined) {
      this.#undone(0);
      return alone ? this.#reply(commands, () => ({ ok: false, error: failed })) : undefined;
    }
    faultPoint("runner.commit.after");
    return this.#reply(commands, (id) => outcomes.get(id), 1);
  }

  /** Opens the transaction and checks that no newer program changed the schema meanwhile (D-33). */
  #beginGroup(): WireError | undefined {
    faultPoint("runner.begin");
    try {
      this.#begin.run();
    } catch (error) {
      return this.#failure("BEGIN", error);
    }
    const dataVersion = this.#dataVersion.get()?.["data_version"];
    if (dataVersion === this.#lastDataVersion) return undefined;
    // Another connection has written: what is remembered may be wrong, and the schema may be another one.
    this.#memory.clear();
    const version = this.#userVersion.get()?.["user_version"];
    if (version === this.#schemaVersion) {
      this.#lastDataVersion = dataVersion;
      return undefined;
    }
    this.#rollBack();
    const message = `The database was migrated to version ${String(version)} by another program; this one knows version ${this.#schemaVersion} and writes nothing more.`;
    return toWire(new HoldfastError("STORAGE_UNAVAILABLE", message), message);
  }

  /** Drops what the undone commands said and remembered. */
  #undone(keptNotes: number): void {
    this.#notes.length = keptNotes;
    this.#memory.clear();
  }

  #commitGroup(): WireError | undefined {
    try {
      this.#commit.run();
      return undefined;
    } catch (error) {
      if (isFailStop(error, "commit")) throw new FailStop("The commit failed on the disk.", error);
      this.#rollBack();
      return this.#failure("COMMIT", error);
    }
  }

  #units(commands: readonly Command[]): Unit[] {
    const units: Unit[] = [];
    for (const command of commands) {
      const last = units.at(-1);
      const merged = last === undefined ? undefined : this.#merge(last, command);
      if (last === undefined || merged === undefined) {
        units.push({ members: [command], name: command[1], args: command[2] });
      } else {
        last.members.push(command);
        last.args = merged;
      }
    }
    return units;
  }

  #merge(last: Unit, [, name, args]: Command): unknown {
    try {
      return this.#module.coalesce?.({ name: last.name, args: last.args }, { name, args });
    } catch (error) {
      this.#log(
        "error",
        { command: name, error: errorText(error) },
        "the coalescing rule failed; not merged",
      );
      return undefined;
    }
  }

  #runUnit(unit: Unit, alone: boolean, outcomes: Map<number, Outcome>): void {
    const outcome = this.#attempt(unit.name, unit.args, alone);
    if (!outcome.ok && unit.members.length > 1) {
      for (const [id, name, args] of unit.members) outcomes.set(id, this.#attempt(name, args, false));
      return;
    }
    for (const [id] of unit.members) outcomes.set(id, outcome);
  }

  /** Runs one command in a savepoint (or, alone in its group, in the bare transaction) and undoes it when it fails. */
  #attempt(name: string, args: unknown, alone: boolean): Outcome {
    faultPoint("runner.command");
    const mark = this.#notes.length;
    let outcome: Outcome;
    try {
      if (!alone) this.#savepoint.run();
      const value = this.#inCommand(() => this.#call(name, args));
      if (!this.#database.isTransaction)
        throw new FailStop(`The command ${name} lost its transaction.`, undefined);
      if (!alone) this.#releaseSavepoint.run();
      return { ok: true, value };
    } catch (error) {
      if (error instanceof FailStop) throw error;
      if (isFailStop(error, "statement")) throw new FailStop("A sync failed on the disk.", error);
      if (!this.#database.isTransaction) throw new TransactionGone("", { cause: error });
      outcome = { ok: false, error: this.#failure(name, error) };
    }
    this.#undone(mark);
    if (alone) {
      this.#rollBack();
    } else {
      this.#rollbackToSavepoint.run();
      this.#releaseSavepoint.run();
    }
    return outcome;
  }

  #call(name: string, args: unknown): unknown {
    const command = Object.hasOwn(this.#module.commands, name) ? this.#module.commands[name] : undefined;
    if (command === undefined) throw new Error(`The command module has no command ${name}.`);
    const value = command(this.#tx, args as never);
    if (value instanceof Promise) {
      value.catch(() => undefined);
      throw new TypeError(`The command ${name} returned a promise; commands are synchronous.`);
    }
    return value;
  }

  #inCommand<T>(work: () => T): T {
    this.#open = true;
    try {
      return work();
    } finally {
      this.#open = false;
    }
  }

  #rollBack(): void {
    if (this.#database.isTransaction) this.#rollback.run();
  }

  /** The answer to a failed command; what is no refusal is logged with its cause, and only there. */
  #failure(name: string, error: unknown): WireError {
    const refusal = error instanceof HoldfastError ? error : databaseRefusal(error);
    if (refusal === undefined) {
      const stack = error instanceof Error ? error.stack : undefined;
      this.#log("error", { command: name, error: errorText(error), stack }, "a command failed unexpectedly");
    } else if (refusal !== error) {
      this.#log("warn", { command: name, error: errorText(error) }, "the store cannot write");
    }
    return toWire(refusal ?? error, `The command ${name} failed inside the store.`);
  }

  #reply(commands: readonly Command[], outcomeOf: (id: number) => Outcome | undefined, commits = 0): Reply {
    const answers: unknown[] = [];
    let stored = 0;
    for (const [id, name] of commands) {
      const outcome = outcomeOf(id);
      if (outcome === undefined) throw new FailStop(`The command ${name} left no outcome.`, undefined);
      if (outcome.ok) stored += 1;
      answers.push(id, outcome.ok, outcome.ok ? outcome.value : outcome.error);
    }
    const notes = this.#notes;
    this.#notes = [];
    return { answers, notes, commits, commands: stored };
  }
}

/** Looks at each text that a command prepares. */
export function refuseTransactionControl(sql: string): void {
  const word = TRANSACTION_CONTROL.exec(sql)?.[1];
  if (word !== undefined)
    throw new Error(`A command may not use ${word.toUpperCase()}: the group owns the transaction.`);
}
