import type { TransportLimits } from "@holdfast/client";
import { type GlobalFlags, readSettings, type Settings } from "./config.ts";
import { connect, type Connection } from "./connect.ts";
import { createOutput, type Output } from "./output.ts";

/** What every command gets. */
export type Context = {
  flags: GlobalFlags;
  settings: Settings;
  output: Output;
  /** One object on stdout instead of text for people. */
  isJson: boolean;
  /** Throws CliError (6) when no server is known. */
  connect(limits?: Partial<TransportLimits>): Connection;
};

export function createContext(flags: GlobalFlags): Context {
  const settings = readSettings(flags);
  return {
    flags,
    settings,
    output: createOutput(settings),
    isJson: flags.json === true,
    connect: (limits) => connect(settings, limits),
  };
}
