import { expect, test } from "vitest";
import { commandModule } from "../command-module.ts";
import type { Write } from "../sql.ts";
import { COMMANDS, PORT_COMMANDS, type PortCommands } from "./index.ts";

const { startTurn: _startTurn, ...withoutStart } = PORT_COMMANDS;
const appendProgress = () => "7";
const heartbeat = (_write: Write, _command: { id: string }) => undefined;
const finalizeTwice = () => undefined;

test("[D-1] a command that is missing, or of another type than the port says, does not compile", () => {
  PORT_COMMANDS satisfies PortCommands;
  // @ts-expect-error -- startTurn is missing
  withoutStart satisfies PortCommands;
  // @ts-expect-error -- the port promises the new last seq, a number
  ({ ...PORT_COMMANDS, appendProgress }) satisfies PortCommands;
  // @ts-expect-error -- the port gives an instanceId
  ({ ...PORT_COMMANDS, heartbeat }) satisfies PortCommands;
  // @ts-expect-error -- the port has no such command
  ({ ...PORT_COMMANDS, finalizeTwice }) satisfies PortCommands;
  expect(Object.keys(commandModule.commands)).toEqual(Object.keys(COMMANDS));
});
