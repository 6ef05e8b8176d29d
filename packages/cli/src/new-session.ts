import { resolve } from "node:path";
import type { HoldfastClient } from "@holdfast/client";
import type { ApprovalMode, Session } from "@holdfast/protocol";
import { sessionDefaults } from "./config-file.ts";
import type { Context } from "./context.ts";
import { parseModel } from "./prompt-text.ts";

export type NewSessionFlags = {
  directory: string;
  agent?: string;
  model?: string;
  title?: string;
  approvalMode?: ApprovalMode;
};

/** Creates a session; what the flags do not say comes from the environment and the configuration files (I-12). */
export function createSession(
  context: Context,
  client: HoldfastClient,
  flags: NewSessionFlags,
): Promise<Session> {
  const directory = resolve(flags.directory);
  const defaults = sessionDefaults(context.settings, directory);
  const agent = flags.agent ?? defaults.agent;
  const approvalMode = flags.approvalMode ?? defaults.approvalMode;
  return client.createSession({
    directory,
    ...parseModel(flags.model),
    ...(agent === undefined ? {} : { agent }),
    ...(approvalMode === undefined ? {} : { approvalMode }),
    ...(flags.title === undefined ? {} : { title: flags.title }),
  });
}
