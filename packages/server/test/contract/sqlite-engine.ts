import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Store } from "../../src/store/index.ts";
import { DATABASE_FILE, openSqliteStore } from "../../src/store/sqlite/index.ts";
import type { Engine } from "./engine.ts";

/** Columns that say when something happened, by table. */
const TIMES: Record<string, string[]> = {
  session: ["time_created", "time_updated", "time_archived"],
  input: ["time_admitted", "time_delivered", "time_removed"],
  turn: ["time_queued", "time_started", "time_ended"],
  idempotency: ["time"],
  blob: ["unused_since"],
  tombstone: ["time"],
  event: ["time"],
  instance: ["heartbeat", "ended"],
  worktree: ["time_created", "time_updated", "time_archived", "time_removed"],
  operation: ["time_created", "time_ended"],
  change: ["time_created", "time_updated"],
  snapshot: ["time"],
  session_note: ["time"],
  worktree_audit: ["time"],
};

/** The embedded engine in a directory of its own. `dress` wraps each opened store. */
export async function openSqliteEngine(dress: (store: Store) => Store = (store) => store): Promise<Engine> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-contract-"));
  const open = () => openSqliteStore({ directory, synchronous: "OFF" });
  let bare = await open();
  return {
    store: dress(bare),
    async reopen() {
      await bare.close();
      bare = await open();
      return dress(bare);
    },
    async close() {
      await bare.close();
      await rm(directory, { recursive: true, force: true });
    },
    age: (ms) => {
      age(join(directory, DATABASE_FILE), ms);
      return Promise.resolve();
    },
  };
}

function age(path: string, ms: number): void {
  const database = new DatabaseSync(path, { timeout: 60_000 });
  try {
    database.exec("BEGIN IMMEDIATE");
    for (const [table, columns] of Object.entries(TIMES)) {
      for (const column of columns) database.prepare(`UPDATE ${table} SET ${column} = ${column} - ?`).run(ms);
    }
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}
