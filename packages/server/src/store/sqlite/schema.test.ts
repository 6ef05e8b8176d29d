import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { newId } from "@holdfast/kernel";
import type { Actor } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { sampleOf } from "../../../../../test/harness/sample.ts";
import { DATABASE_FILE, openSqliteStore } from "./index.ts";

const OWNER: Actor = { id: "owner", kind: "owner", label: "Owner" };

const NO_REFS =
  "DROP TABLE ref_day; DROP TABLE ref_audit; DROP TABLE ref; DROP TABLE comment; ALTER TABLE session DROP COLUMN capability_epoch;";
const SHARE_TABLES = ["blob", "mask", "nonce", "task", "withheld", "sent", "operation", "batch", "dirty"];
const NO_SHARES = [
  NO_REFS,
  ...SHARE_TABLES.map((table) => `DROP TABLE share_${table};`),
  "DROP TABLE share; ALTER TABLE session DROP COLUMN shared; ALTER TABLE workspace DROP COLUMN shared;",
].join(" ");
const NO_SUPERSEDED = `${NO_SHARES} ALTER TABLE turn DROP COLUMN superseded;`;
const NO_MIRRORS = `${NO_SUPERSEDED} ALTER TABLE session DROP COLUMN mirrors;`;
const NO_LIMITS =
  NO_MIRRORS +
  "DROP INDEX session_suspended; ALTER TABLE session DROP COLUMN suspended; ALTER TABLE session DROP COLUMN limit_attempts;";
const NO_SERVERS = `${NO_LIMITS} ALTER TABLE project DROP COLUMN mcp_servers; ALTER TABLE session DROP COLUMN mcp_servers;`;
const NO_QUESTIONS = `${NO_SERVERS} DROP TABLE question;`;
const NO_OWNERS = ["instance", "host", "epoch"]
  .map((column) => `ALTER TABLE operation DROP COLUMN ${column};`)
  .join(" ");

/** What takes the newest schema back to each version before it. */
const BACK: Readonly<Record<number, string>> = {
  9: NO_REFS,
  8: NO_SHARES,
  7: NO_SUPERSEDED,
  6: NO_MIRRORS,
  5: NO_LIMITS,
  4: NO_SERVERS,
  3: NO_QUESTIONS,
  2: `${NO_QUESTIONS} ${NO_OWNERS}`,
  1: `${NO_QUESTIONS} ${NO_OWNERS} DROP INDEX session_listed; DROP INDEX session_archived;
    DROP INDEX session_project; CREATE INDEX session_project ON session (project)`,
};

test.each(sampleOf(Object.keys(BACK).map(Number), 2))(
  "[D-33] a database of version %i with sessions in it opens, and lists and counts them",
  async (version) => {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-schema-"));
    try {
      let store = await openSqliteStore({ directory, synchronous: "OFF" });
      const ids = [newId("ses"), newId("ses"), newId("ses")] as const;
      const place = { projectId: newId("prj"), workspaceId: newId("wsp"), directory: "/d" };
      const facts = { title: "t", agent: "rehearsal", approvalMode: "ask", resumePolicy: "manual" } as const;
      for (const sessionId of ids) await store.createSession({ actor: OWNER, sessionId, ...place, ...facts });
      await store.patchSession({ actor: OWNER, sessionId: ids[1], patch: { archived: true } });
      await store.close();

      const database = new DatabaseSync(join(directory, DATABASE_FILE));
      database.exec(BACK[version] ?? "");
      database.exec(
        `DELETE FROM holdfast_migration WHERE version > ${version}; PRAGMA user_version = ${version}`,
      );
      database.close();

      store = await openSqliteStore({ directory, synchronous: "OFF" });
      const listed = async (archived: boolean) => {
        const { items, total } = await store.listSessions({ filter: { archived }, limit: 1 });
        return { total, newest: items[0]?.id };
      };
      expect(await listed(false)).toEqual({ total: 2, newest: ids[2] });
      expect(await listed(true)).toEqual({ total: 1, newest: ids[1] });
      await store.close();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
