import type { BackendKind } from "@holdfast/protocol";
import type { Quirks } from "./quirks.ts";

/** How to run one agent, as the backends need it. */
export type AgentDefinition = {
  id: string;
  name: string;
  backend: BackendKind;
  /** The program as an absolute path, and its arguments. */
  argv: readonly string[];
  environment: {
    inherit: "user" | "minimal";
    keep?: readonly string[] | undefined;
    remove?: readonly string[] | undefined;
    set?: Readonly<Record<string, string>> | undefined;
  };
  quirks: Quirks;
  /** Values in its environment that may not stand in what is kept of its stderr, the longest first. */
  secrets?: readonly string[] | undefined;
  /** What the program said of itself, if it was asked already. */
  version?: string | undefined;
};

/** An agent of the user's own from the config file. */
export type ConfiguredAgent = {
  backend: BackendKind;
  command: readonly string[];
  env?: Readonly<Record<string, string>> | undefined;
  name?: string | undefined;
  /** `minimal`: only the basic variables and those of `keep` are inherited. */
  environment?: "user" | "minimal" | undefined;
  keep?: readonly string[] | undefined;
};
