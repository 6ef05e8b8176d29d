import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FakeClock } from "@holdfast/kernel";
import { type InlineRunner, openInlineRunner } from "@holdfast/sqlite";
import { expect, test } from "vitest";
import { commandModule as ledger } from "./ledger-module.ts";
import { codeOf, temporaryDirectory } from "./runner-fixture.ts";

const open = (from?: Uint8Array | InlineRunner): InlineRunner =>
  openInlineRunner({ module: ledger, clock: new FakeClock(), ...(from === undefined ? {} : { from }) });

test("[D-34] a runner without threads commits each command before its promise, tells it, and undoes what fails", async () => {
  const runner = open();
  const heard: unknown[] = [];
  runner.onNotes((notes) => heard.push(...notes));
  const stored = runner.run("add", { account: "a", amount: 2 });
  expect(runner.reader.get("SELECT balance FROM account")).toEqual({ balance: 2 });
  expect(heard).toEqual([{ account: "a", amount: 2 }]);
  expect(await stored).toBe(2);
  expect(await codeOf(runner.run("add", { account: "a", amount: 5, fail: true }))).toBe("CONFLICT");
  expect(await codeOf(runner.run("throwBug", {}))).toBe("INTERNAL");
  expect(runner.reader.all("SELECT balance FROM account")).toEqual([{ balance: 2 }]);
  expect(heard).toHaveLength(1);
  expect(runner.stats()).toEqual({ groups: 1, commands: 1 });
  await runner.close();
  expect(await codeOf(runner.run("add", { account: "a", amount: 1 }))).toBe("SHUTTING_DOWN");
});

test("[D-34] what a runner without threads has given out is a database of its own, as it was then", async () => {
  const first = open();
  await first.run("add", { account: "a", amount: 2 });
  const then = open(first.bytes());
  await first.run("add", { account: "a", amount: 3 });
  const path = join(temporaryDirectory(), "copy.db");
  await first.copyTo(path);
  expect(await then.run("add", { account: "a", amount: 10 })).toBe(12);
  expect(await first.query("balances", {})).toEqual([{ name: "a", balance: 5 }]);
  using copy = new DatabaseSync(path, { readOnly: true });
  expect(copy.prepare("SELECT balance FROM account").get()).toEqual({ balance: 5 });
  await Promise.all([first.close(), then.close()]);
});

test("[D-34] the database of a runner without threads goes on under the next one, which hears its own commands alone; the one before is over", async () => {
  const first = open();
  const heard: unknown[] = [];
  first.onNotes((notes) => heard.push(...notes));
  await first.run("add", { account: "a", amount: 2 });
  const next = open(first);
  expect(await next.run("add", { account: "a", amount: 3 })).toBe(5);
  expect(next.reader.get("SELECT balance FROM account")).toEqual({ balance: 5 });
  expect(heard).toHaveLength(1);
  expect(await codeOf(first.run("add", { account: "a", amount: 1 }))).toBe("SHUTTING_DOWN");
  await first.close();
  expect(await next.query("balances", {})).toEqual([{ name: "a", balance: 5 }]);
  expect(() => open(first)).toThrow("is over");
  await next.close();
});

test("[D-34] a runner without threads takes what another one held, with the numbers that are given next, and keeps references whole", async () => {
  const [first, other] = [open(), open()];
  await first.run("add", { account: "a", amount: 2 });
  const bytes = first.bytes();
  await other.run("add", { account: "b", amount: 3 });
  for (let times = 0; times < 2; times += 1) {
    other.load(bytes);
    expect(await other.query("balances", {})).toEqual([{ name: "a", balance: 2 }]);
    expect(await other.run("add", { account: "a", amount: 1 })).toBe(3);
  }
  expect(await first.query("balances", {})).toEqual([{ name: "a", balance: 2 }]);
  await Promise.all([first.close(), other.close()]);
});
