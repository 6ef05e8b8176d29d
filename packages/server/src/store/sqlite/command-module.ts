import { cleanJson, newId } from "@holdfast/kernel";
import type { CommandCall, CommandModule, Reader, Tx } from "@holdfast/sqlite";
import { KEEPS_BYTES } from "../model/index.ts";
import { type CommandArgs, COMMANDS, underRef } from "./commands/index.ts";
import { inspect, unneededSnapshots } from "./queries/index.ts";
import { migrations } from "./schema.ts";
import { readWith, writeWith, type Write } from "./sql.ts";

/** Progress of one turn that arrived while the writer was busy becomes one command, so that its deltas can join (D-12). */
function coalesce(previous: CommandCall, next: CommandCall): unknown {
  if (previous.name !== "appendProgress" || next.name !== "appendProgress") return undefined;
  const a = previous.args as CommandArgs<"appendProgress">;
  const b = next.args as CommandArgs<"appendProgress">;
  if (a.turnId !== b.turnId || a.epoch !== b.epoch) return undefined;
  return { ...a, ops: [...a.ops, ...b.ops] } satisfies CommandArgs<"appendProgress">;
}

/** What the writer and reader threads load. */
export const commandModule: CommandModule = {
  migrations,
  commands: Object.fromEntries(
    Object.entries(COMMANDS).map(([name, command]) => [
      name,
      (tx: Tx, args: never) => {
        const write = writeWith(tx);
        const run = command as (write: Write, args: never) => unknown;
        return underRef(write, args, () => run(write, KEEPS_BYTES.has(name) ? args : cleanJson(args)));
      },
    ]),
  ),
  queries: {
    inspect: (reader: Reader) => inspect(readWith(reader)),
    unneededSnapshots: (reader: Reader, query: Parameters<typeof unneededSnapshots>[1]) =>
      unneededSnapshots(readWith(reader), query),
  },
  coalesce,
  opened(tx) {
    const put = tx.prepare("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING");
    put.run("store_id", newId("ins", tx.now()).slice(4));
    put.run("publisher", newId("pub", tx.now()));
  },
};
