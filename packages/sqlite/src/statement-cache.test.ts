import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test } from "vitest";
import { StatementCache } from "./statement-cache.ts";

const database = new DatabaseSync(":memory:");
const seen: string[] = [];

afterEach(() => void seen.splice(0));

test("[D-34] a statement is prepared once, and the least recently used one goes first", () => {
  const cache = new StatementCache(database, (sql) => seen.push(sql));
  const hot = cache.prepare("SELECT 'hot'");
  for (let at = 0; at < 1_000; at += 1) {
    cache.prepare(`SELECT ${at}`);
    expect(cache.prepare("SELECT 'hot'")).toBe(hot);
  }
  expect(seen).toHaveLength(1_001);
  cache.prepare("SELECT 999");
  expect(seen).toHaveLength(1_001);
  cache.prepare("SELECT 0");
  expect(seen).toHaveLength(1_002);
});

test("[D-34] a refused text is not kept", () => {
  const cache = new StatementCache(database, (sql) => {
    seen.push(sql);
    throw new Error("refused");
  });
  expect(() => cache.prepare("SELECT 1")).toThrow("refused");
  expect(() => cache.prepare("SELECT 1")).toThrow("refused");
  expect(seen).toHaveLength(2);
});
