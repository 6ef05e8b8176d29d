/** What a fresh checkout gets beside git's files: the listed ignored files, then the setup command (W-2). */
import { faultPoint, HoldfastError } from "@holdfast/kernel";
import { SETUP_MS, type Worktree, type WorktreeSettings } from "@holdfast/protocol";
import { listIgnored } from "../git/index.ts";
import { type CommandGroup, groupOf, runCommand } from "../process/index.ts";
import { copyIgnored, requireCopyPatterns } from "./copy-ignored.ts";
import type { SagaDeps } from "./deps.ts";

export type Furnishing = {
  worktree: Worktree;
  /** Top of the checkout that ignored files come from. */
  from: string;
  settings: WorktreeSettings;
  /** Hears of the setup command's group before the command is waited for. */
  onSetup: (group: CommandGroup | undefined) => Promise<void>;
};

/** Rejects UNPROCESSABLE with the end of the output when the setup command fails. */
export async function furnish(
  deps: SagaDeps,
  { worktree, from, settings, onSetup }: Furnishing,
): Promise<void> {
  const { copy = [], setup } = settings;
  if (copy.length > 0) {
    requireCopyPatterns(copy);
    const left = await copyIgnored(from, worktree.path, await listIgnored(deps.git, from, copy));
    if (left.length > 0)
      deps.logger.warn(
        { worktreeId: worktree.id, count: left.length },
        "some of the listed ignored files could not be copied into the worktree",
      );
  }
  faultPoint("worktree.create.copied");
  if (setup !== undefined) await runSetup(deps, worktree, setup, onSetup);
  faultPoint("worktree.create.furnished");
}

async function runSetup(
  deps: SagaDeps,
  worktree: Worktree,
  command: readonly string[],
  onSetup: Furnishing["onSetup"],
): Promise<void> {
  const { ok, reason, tail } = await runCommand({
    command,
    directory: worktree.path,
    environment: deps.environment,
    timeoutMs: SETUP_MS,
    clock: deps.clock,
    signal: deps.stopping,
    onStart: async (pid) => {
      await onSetup(await groupOf(deps.processes, pid));
      faultPoint("worktree.create.setup");
    },
  });
  if (!ok)
    throw new HoldfastError("UNPROCESSABLE", `The setup command of this project ${reason}.`, {
      data: { reason: "setupFailed", output: tail },
    });
}
