import type { Sabotage } from "../sabotage.ts";

const WRITER = "packages/sqlite/src/group-writer.ts";
const GROUPS = "packages/sqlite/test/group-commit.test.ts";
const NOTES = "packages/sqlite/test/notes-and-coalescing.test.ts";
const CRASH = "packages/sqlite/test/crash.test.ts";
const MIGRATION = "packages/sqlite/test/migration.test.ts";

/** The outcomes are known before the commit; these lines say them too early. */
const RUN_WITH_ANSWER = [
  {
    find: "#together(commands: readonly Command[]): Reply",
    replace: "#together(commands: readonly Command[], early: (reply: Reply) => void): Reply",
  },
  { find: "this.#together(commands);", replace: "this.#together(commands, answer);" },
  { find: "this.#together([command]);", replace: "this.#together([command], answer);" },
];

/** The package `sqlite`: commit, order, failure, files. */
export const RUNNER: readonly Sabotage[] = [
  {
    name: "acknowledge-before-commit",
    rules: ["D-34", "D-5"],
    breaks: "answers a group before its COMMIT, to take the fsync out of the latency",
    file: WRITER,
    edits: [
      ...RUN_WITH_ANSWER,
      {
        find: 'faultPoint("runner.commit.before");',
        replace:
          'early(this.#reply(commands, (id) => outcomes.get(id), 1));\n    faultPoint("runner.commit.before");',
      },
      {
        find: "return this.#reply(commands, (id) => outcomes.get(id), 1);",
        replace: "return { answers: [], notes: [], commits: 0, commands: 0 };",
      },
    ],
    catchers: [{ file: CRASH, title: "leaves %i stored and nothing answered" }],
  },
  {
    name: "publish-before-commit",
    rules: ["D-1", "D-12"],
    breaks: "sends a group's events to subscribers before its COMMIT",
    file: WRITER,
    edits: [
      ...RUN_WITH_ANSWER,
      {
        find: 'faultPoint("runner.commit.before");',
        replace:
          'early({ answers: [], notes: this.#notes.splice(0), commits: 0, commands: 0 });\n    faultPoint("runner.commit.before");',
      },
    ],
    catchers: [{ file: NOTES, title: "[D-1] nothing is told of a group whose commit is refused" }],
  },
  {
    name: "synchronous-off",
    rules: ["D-34"],
    breaks: "opens the database with synchronous=OFF unless told otherwise",
    file: "packages/sqlite/src/open-runner.ts",
    edits: [{ find: 'synchronous = "FULL"', replace: 'synchronous = "OFF"' }],
    catchers: [{ file: GROUPS, title: "set up for durability" }],
  },
  {
    name: "synchronous-unverified",
    rules: ["D-34"],
    breaks: "believes that the level was set and does not look",
    file: "packages/sqlite/src/connection.ts",
    edits: [
      {
        find: "if (actual === SYNCHRONOUS_LEVEL[synchronous]) return;",
        replace: "if (synchronous in SYNCHRONOUS_LEVEL) return;",
      },
    ],
    catchers: [{ file: "packages/sqlite/src/connection.test.ts" }],
  },
  {
    name: "failed-command-stays",
    rules: ["D-34"],
    breaks: "a refused command's writes stay in its group: the savepoint is released, not rolled back",
    file: WRITER,
    edits: [
      { find: "this.#rollbackToSavepoint.run();", replace: "if (mark < 0) this.#rollbackToSavepoint.run();" },
    ],
    catchers: [{ file: GROUPS, title: "leaves nothing and takes nobody with it" }],
  },
  {
    name: "failed-command-poisons-group",
    rules: ["D-34"],
    breaks: "a refused command rolls back the transaction of its whole group",
    file: WRITER,
    edits: [
      {
        find: "this.#rollbackToSavepoint.run();",
        replace:
          "this.#rollback.run(); this.#begin.run(); this.#savepoint.run(); this.#rollbackToSavepoint.run();",
      },
    ],
    catchers: [{ file: GROUPS, title: "leaves nothing and takes nobody with it" }],
  },
  {
    name: "answers-out-of-order",
    rules: ["D-34"],
    breaks: "answers the commands of a group from the last to the first",
    file: WRITER,
    edits: [
      {
        find: "for (const [id, name] of commands) {",
        replace: "for (const [id, name] of commands.toReversed()) {",
      },
    ],
    catchers: [{ file: GROUPS, title: "answered in order" }],
  },
  {
    name: "notes-of-failed-commands",
    rules: ["D-1"],
    breaks: "publishes the events of a command that was rolled back",
    file: WRITER,
    edits: [
      {
        find: "this.#notes.length = keptNotes;",
        replace: "this.#notes.length = Math.max(keptNotes, this.#notes.length);",
      },
    ],
    catchers: [{ file: NOTES, title: "never for a failed command" }],
  },
  {
    name: "memory-of-failed-commands",
    rules: ["D-34"],
    breaks: "keeps what a command remembered although its writes were undone",
    file: WRITER,
    edits: [
      {
        find: "this.#notes.length = keptNotes;\n    this.#memory.clear();",
        replace: "this.#notes.length = keptNotes;",
      },
    ],
    catchers: [{ file: NOTES, title: "takes everything remembered with it" }],
  },
  {
    name: "memory-of-other-writers",
    rules: ["D-34"],
    breaks: "goes on with what it remembers although another connection has written",
    file: WRITER,
    edits: [{ find: "one.\n    this.#memory.clear();", replace: "one." }],
    catchers: [{ file: NOTES, title: "when another connection has written" }],
  },
  {
    name: "failed-commit-goes-on",
    rules: ["D-34"],
    breaks:
      "takes an I/O error in COMMIT for a refusal and serves on, although nobody knows what is on the disk",
    file: WRITER,
    edits: [
      {
        find: 'if (isFailStop(error, "commit")) throw new FailStop("The commit failed on the disk.", error);',
        replace: "",
      },
    ],
    catchers: [{ file: CRASH, title: "an I/O error in COMMIT" }],
  },
  {
    name: "newer-schema-ignored",
    rules: ["D-33"],
    breaks: "goes on writing into a database that a newer program has migrated",
    file: WRITER,
    edits: [{ find: "if (version === this.#schemaVersion) {", replace: "if (version !== undefined) {" }],
    catchers: [{ file: MIGRATION, title: "migrated by a newer program" }],
  },
  {
    name: "wal-never-truncated",
    rules: ["D-26"],
    breaks:
      "lets the write-ahead log keep its size for ever: a passive checkpoint where a truncating one stood",
    file: "packages/sqlite/src/wal-bound.ts",
    edits: [{ find: 'return this.#checkpoint("TRUNCATE");', replace: 'return this.#checkpoint("PASSIVE");' }],
    catchers: [{ file: "packages/sqlite/test/reading.test.ts", title: "[D-26]" }],
  },
  {
    name: "migration-without-copy",
    rules: ["D-33"],
    breaks: "migrates a database without keeping a copy of it, off by one step",
    file: "packages/sqlite/src/migrate.ts",
    edits: [{ find: "if (applied.length > 0 && directory", replace: "if (applied.length > 1 && directory" }],
    catchers: [{ file: MIGRATION, title: "a copy of the old state" }],
  },
  {
    name: "checksum-unverified",
    rules: ["D-33"],
    breaks: "accepts a migration whose text was changed after it was applied",
    file: "packages/sqlite/src/migrate.ts",
    edits: [{ find: "row.checksum !== checksum(migration)", replace: "row.name !== migration.name" }],
    catchers: [{ file: MIGRATION, title: "is refused or accepted with its reason" }],
  },
  {
    name: "directory-unlocked",
    rules: ["D-17"],
    breaks: "two servers share a data directory: the lock's transaction takes no lock before it writes",
    file: "packages/sqlite/src/directory-lock.ts",
    edits: [{ find: '"BEGIN EXCLUSIVE"', replace: '"BEGIN"' }],
    catchers: [{ file: "packages/sqlite/test/directory-lock.test.ts" }],
  },
  {
    name: "foreign-keys-off",
    rules: ["D-37"],
    breaks: "lets rows point to nothing",
    file: "packages/sqlite/src/connection.ts",
    edits: [{ find: "enableForeignKeyConstraints: true", replace: "enableForeignKeyConstraints: false" }],
    catchers: [{ file: GROUPS, title: "[D-37] references are also watched" }],
  },
];
