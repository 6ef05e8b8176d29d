/**
 * A newer program, for the torture of migrations: preloaded into the server (`--import`), it appends migrations of its own to the real schema, so that a
 * store with everything acknowledged in it is copied and migrated by the real code. `HOLDFAST_TORTURE_LEVEL` says how many. Each rewrites the two
 * largest tables and keeps a copy of every part.
 */
import { registerHooks } from "node:module";

/** Far above what the product will reach in the life of one torture directory. */
const FIRST_VERSION = 1_000;

const level = Number(process.env["HOLDFAST_TORTURE_LEVEL"] ?? 0);

const sqlOf = (number: number): string => `
ALTER TABLE event ADD COLUMN torture INTEGER;
UPDATE event SET torture = seq;
ALTER TABLE event DROP COLUMN torture;
UPDATE part SET data = data || ' ';
UPDATE part SET data = rtrim(data);
DROP TABLE IF EXISTS torture_${number - 1};
CREATE TABLE torture_${number} AS SELECT rid, data FROM part;
`;

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (level === 0 || !/\/store\/sqlite\/schema\.[jt]s$/.test(url) || loaded.source == null) return loaded;
    const extra = Array.from({ length: level }, (_, index) => ({
      version: FIRST_VERSION + index,
      name: `torture ${index + 1}`,
      sql: sqlOf(index + 1),
    }));
    const text = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
    return { ...loaded, source: `${text}\nmigrations.push(...${JSON.stringify(extra)});\n` };
  },
});
