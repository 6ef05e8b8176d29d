/** A process for the tests to kill: `node ledger-child.ts <mode> <directory> [faults]`. It says on stdout what it has been answered. */
import { writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { lockDirectory, openRunner, type Runner } from "@holdfast/sqlite";

const [mode = "", directory = "", faults = ""] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);
const LEDGER = new URL("./ledger-module.ts", import.meta.url);
const open = (module = LEDGER): Promise<Runner> =>
  openRunner({ directory, file: "ledger.db", module, diskReserveBytes: 0, faults });

/** Answers one by one and in bursts, so that groups of all sizes are cut. */
async function acknowledge(runner: Runner): Promise<void> {
  let next = runner.reader.get<{ n: number }>("SELECT count(*) AS n FROM entry")?.n ?? 0;
  for (;;) {
    const burst = (next % 7) + 1;
    await Promise.all(
      Array.from({ length: burst }, async () => {
        next += 1;
        const text = `${next} ${"x".repeat((next * 37) % 5_000)}`;
        const id = await runner.run<number>("write", { text });
        say(`ack ${id} ${text.length}`);
      }),
    );
  }
}

switch (mode) {
  case "acknowledge": {
    const runner = await open();
    runner.onFatal((error) => {
      say(`fatal ${error.message}`);
      process.exit(7);
    });
    await acknowledge(runner);
    break;
  }
  case "once": {
    const runner = await open();
    say("open");
    say(`ack ${await runner.run<number>("write", { text: "once" })}`);
    await runner.checkpoint();
    say("checkpointed");
    await runner.close();
    say("closed");
    break;
  }
  case "upgrade": {
    const source = `export const commandModule = { commands: {}, migrations: [
      ${JSON.stringify((await import("./ledger-module.ts")).FIRST_MIGRATION)},
      { version: 2, name: "second", sql: "ALTER TABLE entry ADD COLUMN kind TEXT; UPDATE entry SET kind = 'old'" },
      { version: 3, name: "third", sql: "CREATE TABLE third (id INTEGER PRIMARY KEY)" }] }`;
    const runner = await open(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    say("upgraded");
    await runner.close();
    break;
  }
  case "unknown-schema": {
    const module = new URL(
      "data:text/javascript,export const commandModule = { commands: {}, migrations: [] }",
    );
    await open(module).catch((error: { code: string }) => say(`refused ${error.code}`));
    break;
  }
  case "writer-dies": {
    const runner = await open();
    runner.run("exit", {}).then(
      () => say("answered"),
      () => say("refused"),
    );
    break;
  }
  case "lock": {
    lockDirectory(directory, { pid: process.pid, host: hostname(), startTime: 1_700_000_000_000 });
    say("locked");
    const runner = await open();
    await runner.run("write", { text: "while locked" });
    await runner.copyTo(join(directory, "copy.db"));
    await runner.checkpoint();
    await runner.close();
    say("ready");
    process.stdin.resume();
    break;
  }
  default:
    throw new Error(`no mode ${mode}`);
}
