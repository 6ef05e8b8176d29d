/** The part of the command line that is about files: worktrees and pending changes. */
import { type Command, Option } from "commander";
import type * as changesPart from "./changes-commands.ts";
import { type Action, collect } from "./program-action.ts";
import type * as worktreePart from "./worktree-commands.ts";

const PLACE = "[place]";
const ABOUT_PLACE = "a session, a worktree or a workspace by its id, or a directory where sessions work";

/** For a new session; the two do not go together. */
export const worktreeOptions = (): Option[] => [
  new Option("--worktree", "work in a new git worktree of the directory's repository"),
  new Option(
    "--base <what>",
    "what the worktree starts from: HEAD's commit, or the checkout as it is",
  ).choices(["head", "dirty"]),
  new Option("-w, --workspace <place>", "work where this session, worktree or workspace is"),
];

export function addWorktree(program: Command, action: Action): void {
  const part = () => import("./worktree-commands.ts");
  const worktree = program.command("worktree").description("git worktrees that sessions work in");
  worktree
    .command("list")
    .description("list worktrees")
    .option("-C, --directory <path>", "of this project")
    .option("--all", "also removed ones, whose work is kept for a while")
    .action(
      action(part, (module, context, flags: Parameters<typeof worktreePart.list>[1]) =>
        module.list(context, flags),
      ),
    );
  worktree
    .command("show")
    .description("show a worktree, and what removing it would lose")
    .argument("<worktree>")
    .action(action(part, (module, context, id: string) => module.show(context, id)));
  worktree
    .command("remove")
    .description("remove a worktree; its work is kept in a rescue ref, and work that cannot be kept stops it")
    .argument("<worktree>")
    .option("--discard", "also when something would be lost")
    .option("--skip-teardown", "do not run the project's teardown command")
    .action(
      action(part, (module, context, id: string, flags: Parameters<typeof worktreePart.remove>[2]) =>
        module.remove(context, id, flags),
      ),
    );
  worktree
    .command("restore")
    .description("bring a removed or lost worktree back")
    .argument("<worktree>")
    .addOption(
      new Option("--from <what>", "its rescue ref, or the commit that it was made from")
        .choices(["rescue", "base"])
        .default("rescue"),
    )
    .action(
      action(part, (module, context, id: string, flags: Parameters<typeof worktreePart.restore>[2]) =>
        module.restore(context, id, flags),
      ),
    );
  worktree
    .command("prune")
    .description("remove worktrees that nobody uses any more and that hold nothing of their own")
    .option("--dry-run", "only say which")
    .action(
      action(part, (module, context, flags: Parameters<typeof worktreePart.prune>[1]) =>
        module.prune(context, flags),
      ),
    );
  worktree
    .command("settings")
    .description("show or set how worktrees of a project are made")
    .argument(PLACE, "the project's directory, or a session in it", ".")
    .option(
      "--copy <path>",
      "an ignored file to copy into new ones, such as .env; repeat it for more",
      collect,
    )
    .option("--setup <command>", "run this in a new one: words, or a JSON list; no shell reads it")
    .option("--teardown <command>", "run this before one is removed")
    .option("--hooks", "let the repository's hooks run when one is made")
    .option("--no-hooks", "keep them off")
    .option("--clear", "forget what was set before")
    .action(
      action(part, (module, context, place: string, flags: worktreePart.SettingsFlags) =>
        module.settings(context, place, flags),
      ),
    );
}

export function addChanges(program: Command, action: Action): void {
  const part = () => import("./changes-commands.ts");
  const changes = program.command("changes").description("what agents changed, waiting for a decision");
  changes
    .command("list")
    .description("list pending changes, and whose they are")
    .argument(PLACE, ABOUT_PLACE, ".")
    .option("--no-refresh", "as they were seen last, without looking at the files")
    .action(
      action(part, (module, context, place: string, flags: { refresh: boolean }) =>
        module.list(context, place, flags),
      ),
    );
  changes
    .command("diff")
    .description("print patches, with the ids of their hunks")
    .argument("<place>", ABOUT_PLACE)
    .argument("[change...]", "ids or paths; else all")
    .action(
      action(part, (module, context, place: string, names: string[]) => module.diff(context, place, names)),
    );
  decision(
    changes,
    "apply",
    "merge changes of a worktree into the project; in the project's own directory accept them",
  )
    .option("--onto-current", "also when the project's branch no longer contains the commit it started from")
    .action(
      action(
        part,
        (module, context, place: string, names: string[], flags: Parameters<typeof changesPart.apply>[3]) =>
          module.apply(context, place, names, flags),
      ),
    );
  decision(changes, "accept", "keep changes of a project's own directory; no file is touched").action(
    action(part, (module, context, place: string, names: string[], flags: changesPart.SelectFlags) =>
      module.accept(context, place, names, flags),
    ),
  );
  decision(
    changes,
    "reject",
    "write the text before them back; the agents are told with their next prompt",
  ).action(
    action(part, (module, context, place: string, names: string[], flags: changesPart.SelectFlags) =>
      module.reject(context, place, names, flags),
    ),
  );
  changes
    .command("undo")
    .description("take an apply, accept or reject back exactly")
    .argument(PLACE, ABOUT_PLACE, ".")
    .argument("[operation]", "this one; else the newest")
    .action(
      action(part, (module, context, place: string, operation: string | undefined) =>
        module.undo(context, place, operation),
      ),
    );
  changes
    .command("log")
    .description("list what was decided")
    .argument(PLACE, ABOUT_PLACE, ".")
    .action(action(part, (module, context, place: string) => module.log(context, place)));
}

function decision(changes: Command, name: string, about: string): Command {
  return changes
    .command(name)
    .description(about)
    .argument("<place>", ABOUT_PLACE)
    .argument("[change...]", "ids or paths")
    .option("--all", "all of them")
    .option("--hunk <id>", "only this part of the one change; repeat it for more", collect);
}
