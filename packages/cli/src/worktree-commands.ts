/** `holdfast worktree`: the git worktrees that sessions work in, how they are made, and how they go away without loss (W-1, W-10 to W-12). */
import type { PruneReport, Rescue, Worktree, WorktreeSettings } from "@holdfast/protocol";
import { parseCommand } from "./command-words.ts";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { ago, exactLine, oneLine } from "./output.ts";
import { riskLines } from "./risk-text.ts";
import { findProject } from "./work-place.ts";

const MEGABYTE = 1_048_576;

export async function list(
  context: Context,
  flags: { all?: boolean; directory?: string },
): Promise<ExitCode> {
  const { client } = context.connect();
  const project = flags.directory === undefined ? undefined : await findProject(client, flags.directory);
  const { items } = await client.listWorktrees(project === undefined ? {} : { projectId: project.id });
  const shown = items.filter(({ state }) => flags.all === true || state !== "removed");
  const { output } = context;
  if (context.isJson) output.json({ items: shown });
  else if (shown.length === 0) output.note("No worktrees.");
  else output.table(shown.map((worktree) => rowOf(worktree, Date.now())));
  return EXIT.completed;
}

function rowOf({ id, state, branch, path, size, rescue, time }: Worktree, now: number): string[] {
  return [
    id,
    state,
    exactLine(branch),
    ago(time.updated, now),
    size === undefined ? "" : `${Math.ceil(size / MEGABYTE)} MB`,
    state === "removed" && rescue !== undefined ? `rescued until ${dateOf(rescue.expires)}` : exactLine(path),
  ];
}

export async function show(context: Context, id: string): Promise<ExitCode> {
  const { client } = context.connect();
  const worktree = await client.getWorktree(id);
  const risk = worktree.state === "removed" ? undefined : await client.worktreeRisk(id);
  const { output } = context;
  if (context.isJson) {
    output.json(risk === undefined ? { worktree } : { worktree, risk });
    return EXIT.completed;
  }
  const { rescue, size, note } = worktree;
  output.table([
    ["id", worktree.id],
    ["state", worktree.state],
    ["path", exactLine(worktree.path)],
    ["branch", exactLine(worktree.branch)],
    ["base", worktree.baseCommit],
    ["repository", exactLine(worktree.repository)],
    ["owner", oneLine(worktree.owner.label, 60)],
    ["created", ago(worktree.time.created, Date.now())],
    ...(size === undefined ? [] : [["size", `${Math.ceil(size / MEGABYTE)} MB`]]),
    ...(note === undefined ? [] : [["note", oneLine(note, 200)]]),
    ...(rescue === undefined ? [] : [["rescue", rescueText(rescue)]]),
  ]);
  if (risk !== undefined) for (const line of riskLines(risk)) output.note(line);
  return EXIT.completed;
}

function rescueText({ ref, besides = 0, expires }: Rescue): string {
  const beside = besides === 0 ? "" : ` (${besides} paths that git cannot hold are beside it)`;
  return `${ref}${beside}, until ${dateOf(expires)}`;
}

export async function remove(
  context: Context,
  id: string,
  flags: { discard?: boolean; skipTeardown?: boolean },
): Promise<ExitCode> {
  const { client } = context.connect();
  await client.deleteWorktree(id, {
    discard: flags.discard === true,
    skipTeardown: flags.skipTeardown === true,
  });
  const { rescue } = await client.getWorktree(id);
  if (context.isJson) context.output.json({ removed: id, ...(rescue === undefined ? {} : { rescue }) });
  else if (rescue !== undefined)
    context.output.note(`Its work is kept until ${dateOf(rescue.expires)}: holdfast worktree restore ${id}`);
  return EXIT.completed;
}

export async function restore(
  context: Context,
  id: string,
  flags: { from: "rescue" | "base" },
): Promise<ExitCode> {
  const worktree = await context.connect().client.restoreWorktree(id, { from: flags.from });
  if (context.isJson) context.output.json(worktree);
  else context.output.line(worktree.path);
  return EXIT.completed;
}

export async function prune(context: Context, flags: { dryRun?: boolean }): Promise<ExitCode> {
  const report = await context.connect().client.pruneWorktrees({ dryRun: flags.dryRun === true });
  const { output } = context;
  if (context.isJson) output.json(report);
  else if (report.items.length === 0) output.note("No worktrees.");
  else output.table(report.items.map((item) => pruneRow(item, report.dryRun)));
  return EXIT.completed;
}

function pruneRow(item: PruneReport["items"][number], isDry: boolean): string[] {
  const isKept = item.action === "kept" || item.action === "unknown";
  const action = isDry && !isKept ? `would be ${item.action}` : item.action;
  return [item.worktreeId ?? "-", action, exactLine(item.path), oneLine(item.reason, 120)];
}

export type SettingsFlags = {
  copy?: string[];
  setup?: string;
  teardown?: string;
  hooks?: boolean;
  clear?: boolean;
};

/** Shows how worktrees of a project are made, or sets what the flags say; the rest stays. An empty value takes one out. */
export async function settings(context: Context, place: string, flags: SettingsFlags): Promise<ExitCode> {
  const { client } = context.connect();
  const project = await findProject(client, place);
  const isAsking = Object.values(flags).every((flag) => flag === undefined);
  const wanted = isAsking ? undefined : changedSettings(flags.clear === true ? {} : project.worktree, flags);
  const { worktree } =
    wanted === undefined ? project : await client.patchProject(project.id, { worktree: wanted });
  const { output } = context;
  if (context.isJson) {
    output.json({ projectId: project.id, worktree });
    return EXIT.completed;
  }
  const command = (words: readonly string[] | undefined) =>
    words === undefined ? "-" : exactLine(JSON.stringify(words));
  output.table([
    ["project", exactLine(project.directory)],
    ["copy", worktree.copy?.map((path) => exactLine(path)).join(", ") ?? "-"],
    ["setup", command(worktree.setup)],
    ["teardown", command(worktree.teardown)],
    ["hooks", worktree.hooks === true ? "run" : "off"],
  ]);
  return EXIT.completed;
}

function changedSettings(before: WorktreeSettings, flags: SettingsFlags): WorktreeSettings {
  const { copy, setup, teardown, hooks, ...rest } = before;
  const paths = flags.copy?.filter((path) => path !== "") ?? copy;
  const start = flags.setup === undefined ? setup : parseCommand(flags.setup);
  const end = flags.teardown === undefined ? teardown : parseCommand(flags.teardown);
  const areRun = flags.hooks ?? hooks;
  return {
    ...rest,
    ...(paths === undefined || paths.length === 0 ? {} : { copy: paths }),
    ...(start === undefined ? {} : { setup: start }),
    ...(end === undefined ? {} : { teardown: end }),
    ...(areRun === undefined ? {} : { hooks: areRun }),
  };
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
