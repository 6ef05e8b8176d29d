import { join } from "node:path";
import { FakeClock } from "@holdfast/kernel";
import { openInlineRunner, type Runner } from "@holdfast/sqlite";
import { expect, test } from "vitest";
import { commandModule as ledger } from "./ledger-module.ts";
import { codeOf, temporaryDirectory } from "./runner-fixture.ts";

const open = (directory: string, file = "ledger.db"): Runner =>
  openInlineRunner({ directory, file, module: ledger, clock: new FakeClock() });

test("[D-34] a runner without threads commits each command before its promise, tells it, and undoes what fails", async () => {
  const runner = open(temporaryDirectory());
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

test("[D-34] what a runner without threads committed is there when its file, or a copy of it, is opened again", async () => {
  const directory = temporaryDirectory();
  const first = open(directory);
  await first.run("add", { account: "a", amount: 2 });
  await first.copyTo(join(directory, "copy.db"));
  await first.run("add", { account: "a", amount: 3 });
  const balances = [open(directory), open(directory, "copy.db")].map((runner) => {
    const row = runner.reader.get<{ balance: number }>("SELECT balance FROM account");
    void runner.close();
    return row?.balance;
  });
  expect(balances).toEqual([5, 2]);
  await first.close();
});
