import { newId } from "@holdfast/kernel";
import type { CommandModule, Tx } from "@holdfast/sqlite";
import { COMMANDS } from "./commands/index.ts";
import { migrations } from "./schema.ts";
import { writeWith } from "./sql.ts";

/** What the writer and reader threads load. */
export const commandModule: CommandModule = {
  migrations,
  commands: Object.fromEntries(
    Object.entries(COMMANDS).map(([name, command]) => [
      name,
      (tx: Tx, args: never) =>
        (command as (write: ReturnType<typeof writeWith>, args: never) => unknown)(writeWith(tx), args),
    ]),
  ),
  opened(tx) {
    tx.prepare("INSERT INTO meta (key, value) VALUES ('store_id', ?) ON CONFLICT (key) DO NOTHING").run(
      newId("ins", tx.now()).slice("ins_".length),
    );
  },
};
