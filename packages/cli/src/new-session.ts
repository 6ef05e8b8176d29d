import { resolve } from "node:path";
import type { HoldfastClient } from "@holdfast/client";
import type { ApprovalMode, Session } from "@holdfast/protocol";
import { sessionDefaults } from "./config-file.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-code.ts";
import { requireListedModel } from "./listed-model.ts";
import { parseModel } from "./prompt-text.ts";
import { findWorkspace } from "./work-place.ts";

export type NewSessionFlags = {
  directory: string;
  agent?: string;
  model?: string;
  title?: string;
  approvalMode?: ApprovalMode;
  /** Work in a new worktree of the directory's repository. */
  worktree?: boolean;
  /** What that starts from. */
  base?: "head" | "dirty";
  /** Work where these do: a session, a worktree or a workspace by its id. */
  workspace?: string;
};

/** Creates a session; what the flags do not say comes from the environment and the configuration files (I-12). */
export async function createSession(
  context: Context,
  client: HoldfastClient,
  flags: NewSessionFlags,
): Promise<Session> {
  if (flags.worktree === true && flags.workspace !== undefined)
    throw new CliError(EXIT.usage, "A session works in a new worktree or in a known workspace, not in both.");
  if (flags.base !== undefined && flags.worktree !== true)
    throw new CliError(EXIT.usage, "--base says what a new worktree starts from; it needs --worktree.");
  const place = flags.workspace === undefined ? undefined : await findWorkspace(client, flags.workspace);
  const directory = place?.directory ?? resolve(flags.directory);
  const defaults = sessionDefaults(context.settings, directory);
  const agent = flags.agent ?? defaults.agent;
  const approvalMode = flags.approvalMode ?? defaults.approvalMode;
  await requireListedModel(client, { agent, model: flags.model });
  return client.createSession({
    directory,
    ...(place === undefined ? {} : { workspaceId: place.id }),
    ...(flags.worktree === true ? { worktree: true } : {}),
    ...(flags.base === undefined ? {} : { worktreeBase: flags.base }),
    ...parseModel(flags.model),
    ...(agent === undefined ? {} : { agent }),
    ...(approvalMode === undefined ? {} : { approvalMode }),
    ...(flags.title === undefined ? {} : { title: flags.title }),
  });
}
