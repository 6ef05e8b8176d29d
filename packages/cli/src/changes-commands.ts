/** `holdfast changes`: what agents changed, and what becomes of it (W-4 to W-9). */
import type { HoldfastClient } from "@holdfast/client";
import { type Change, type ChangeResult, isChangeId, type Workspace } from "@holdfast/protocol";
import { changeRow, explain, trackingNotes, writePatch } from "./change-text.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { ago, exactLine } from "./output.ts";
import { findWorkspace } from "./work-place.ts";

export type SelectFlags = { all?: boolean; hunk?: string[] };

/** Paths that a sentence names. */
const MAX_NAMED = 10;

export async function list(context: Context, place: string, flags: { refresh: boolean }): Promise<ExitCode> {
  const { client } = context.connect();
  const workspace = await findWorkspace(client, place);
  const changes = await client.listChanges(workspace.id, { refresh: flags.refresh });
  const { output } = context;
  if (context.isJson) {
    output.json(changes);
    return EXIT.completed;
  }
  output.table(changes.items.map(changeRow));
  output.note(explain(workspace, changes.items));
  for (const note of trackingNotes(changes.tracking)) output.note(note);
  return EXIT.completed;
}

export async function diff(context: Context, place: string, names: readonly string[]): Promise<ExitCode> {
  const { client } = context.connect();
  const workspace = await findWorkspace(client, place);
  const { items } = await client.listChanges(workspace.id, { refresh: true });
  const changes: Change[] = [];
  for (const change of names.length === 0 ? items : named(items, names)) {
    const isCut = change.patchTruncated === true || change.patch === undefined;
    changes.push(isCut ? await client.getChange(workspace.id, change.id) : change);
  }
  if (context.isJson) context.output.json({ items: changes });
  else for (const change of changes) writePatch(context.output, change);
  return EXIT.completed;
}

export async function apply(
  context: Context,
  place: string,
  names: readonly string[],
  flags: SelectFlags & { ontoCurrent?: boolean },
): Promise<ExitCode> {
  return decide(context, place, { names, flags }, (client, workspace, changes) =>
    client.applyChanges(workspace.id, {
      changes,
      ...(flags.ontoCurrent === true ? { onto: "current" } : {}),
    }),
  );
}

/** Apply, where that means that files stay as they are; a worktree is told from it, so that nobody merges by mistake. */
export async function accept(
  context: Context,
  place: string,
  names: readonly string[],
  flags: SelectFlags,
): Promise<ExitCode> {
  return decide(context, place, { names, flags }, (client, workspace, changes) => {
    if (workspace.kind === "worktree") {
      throw new CliError(
        EXIT.usage,
        "In a worktree there is nothing to accept: apply merges its changes into the project.",
      );
    }
    return client.applyChanges(workspace.id, { changes });
  });
}

export async function reject(
  context: Context,
  place: string,
  names: readonly string[],
  flags: SelectFlags,
): Promise<ExitCode> {
  const say = "Rejected";
  return decide(context, place, { names, flags, say }, (client, workspace, changes) =>
    client.rejectChanges(workspace.id, { changes }),
  );
}

type Selection = { id: Change["id"]; revision: number; hunks?: string[] };

async function decide(
  context: Context,
  place: string,
  chosen: { names: readonly string[]; flags: SelectFlags; say?: string },
  act: (client: HoldfastClient, workspace: Workspace, changes: Selection[]) => Promise<ChangeResult>,
): Promise<ExitCode> {
  const { names, flags } = chosen;
  if ((names.length === 0) === (flags.all !== true))
    throw new CliError(EXIT.usage, "Name changes by id or path, or say --all.");
  if (flags.hunk !== undefined && names.length !== 1)
    throw new CliError(EXIT.usage, "--hunk chooses parts of one change; name that.");
  const { client } = context.connect();
  const workspace = await findWorkspace(client, place);
  const { items } = await client.listChanges(workspace.id, { refresh: true });
  const open = items.filter((change) => change.kind !== "branchMoved");
  const changes = flags.all === true ? open : named(items, names);
  if (changes.length === 0) {
    if (context.isJson) context.output.json({ applied: [], changes: [] });
    else context.output.note("No pending changes.");
    return EXIT.completed;
  }
  const selection = changes.map(({ id, revision }) => ({
    id,
    revision,
    ...(flags.hunk === undefined ? {} : { hunks: flags.hunk }),
  }));
  const say = chosen.say ?? (workspace.kind === "worktree" ? "Applied to the project" : "Accepted");
  tell(context, await act(client, workspace, selection), say);
  return EXIT.completed;
}

/** Takes back the named operation, else the newest that was not taken back yet. */
export async function undo(
  context: Context,
  place: string,
  operation: string | undefined,
): Promise<ExitCode> {
  const { client } = context.connect();
  const workspace = await findWorkspace(client, place);
  const operationId = operation ?? (await newestOperation(client, workspace));
  tell(context, await client.undoChanges(workspace.id, operationId), "Undone");
  return EXIT.completed;
}

async function newestOperation(client: HoldfastClient, workspace: Workspace): Promise<string> {
  const { items } = await client.listChangeOperations(workspace.id);
  const undone = new Set(
    items.flatMap(({ undoes, state }) => (undoes === undefined || state !== "done" ? [] : [undoes])),
  );
  const newest = items.find(
    ({ kind, state, operationId }) => kind !== "undo" && state === "done" && !undone.has(operationId),
  );
  if (newest === undefined) throw new CliError(EXIT.notFound, "There is nothing to undo.");
  return newest.operationId;
}

export async function log(context: Context, place: string): Promise<ExitCode> {
  const { client } = context.connect();
  const workspace = await findWorkspace(client, place);
  const { items } = await client.listChangeOperations(workspace.id);
  const { output } = context;
  if (context.isJson) output.json({ items });
  else if (items.length === 0) output.note("Nothing was decided yet.");
  else
    output.table(
      items.map(({ operationId, kind, state, time, paths, undoes }) => [
        operationId,
        undoes === undefined ? kind : `${kind} of ${undoes}`,
        state,
        ago(time.created, Date.now()),
        pathList(paths),
      ]),
    );
  return EXIT.completed;
}

/** By id, else by path. */
function named(items: readonly Change[], names: readonly string[]): Change[] {
  const found = names.map((name) => {
    const change = items.find(({ id, path }) => (isChangeId(name) ? id === name : path === name));
    if (change === undefined)
      throw new CliError(EXIT.notFound, `${JSON.stringify(name)} is no pending change here.`);
    return change;
  });
  return [...new Set(found)];
}

/** Scripts go on with the operation's id. */
function tell(context: Context, result: ChangeResult, say: string): void {
  const { output } = context;
  if (context.isJson) return output.json(result);
  output.line(result.operationId);
  output.note(`${say}: ${result.applied.length === 0 ? "no files" : pathList(result.applied)}.`);
}

function pathList(paths: readonly string[]): string {
  const shown = paths.slice(0, MAX_NAMED).map((path) => exactLine(path));
  return [...shown, ...(paths.length > shown.length ? [`${paths.length - shown.length} more`] : [])].join(
    ", ",
  );
}
