/** What the gallery shows of changes and worktrees, as a real server answered it. */
import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isApiError } from "@holdfast/client";
import type {
  ChangeConflict,
  ChangeList,
  ChangeOperation,
  Project,
  PruneReport,
  RiskReport,
  Session,
  Worktree,
} from "@holdfast/protocol";
import type { HoldfastProcess } from "../harness/index.ts";

/** Longest wait for a turn, in ms. */
const WAIT_MS = 30_000;

export type ChangePanels = {
  changes: ChangeList;
  directoryChanges: ChangeList;
  conflicts: ChangeConflict[];
  operations: ChangeOperation[];
  worktrees: Worktree[];
  projects: Project[];
  risk: RiskReport;
  prune: PruneReport;
};

const PARSER = `import { readFile } from "node:fs/promises";

/** Splits at commas. */
export function parse(text: string) {
  return text.split(",");
}

export async function parseFile(path: string) {
  return parse(await readFile(path, "utf8"));
}
${"\n// Kept as it is.".repeat(12)}

export const VERSION = 1;
`;

const EDIT = [
  `BASH sed -i 's/^export function parse.*/export function parse(text: string): string[] {\\n  if (text === "") return [];/' src/parser.ts`,
  "WRITE docs/notes.md # Notes",
  "BASH printf '\\000\\001' > logo.bin && git mv -k src/old.ts src/new.ts; chmod +x run.sh",
].join("\n");

/** Records them in a repository of their own below the server's root. */
export async function recordChanges(server: HoldfastProcess): Promise<ChangePanels> {
  const directory = join(server.root, "parser");
  await makeRepository(directory);
  const session = await begin(server, directory, "Mend the parser", true);
  await run(server, session, EDIT, "rehearsal");
  await run(server, session, "BASH sed -i 's/VERSION = 1/VERSION = 2/' src/parser.ts", "scribe");
  await writeFile(join(session.directory, "README.md"), "# The parser\n");
  await writeFile(join(session.directory, ".env"), "KEY=1\n");
  await run(server, session, "SAY Both are there.", "rehearsal");
  const changes = await server.client.listChanges(session.workspaceId, { refresh: true });
  const conflicts = await conflict(server, session, directory);
  const operations = await actTwice(server, session);
  const risk = await server.client.sessionRisk(session.id);
  const others = await makeWorktrees(server, directory);
  const directoryChanges = await workInPlace(server, directory);
  const worktrees = (await server.client.listWorktrees()).items;
  const projects = (await server.client.listProjects()).items;
  const prune = await server.client.pruneWorktrees({ dryRun: true });
  for (const { id } of [session, ...others]) await server.client.patchSession(id, { archived: true });
  return { changes, directoryChanges, conflicts, operations, worktrees, projects, risk, prune };
}

async function makeRepository(directory: string): Promise<void> {
  await mkdir(join(directory, "src"), { recursive: true });
  const files = {
    "src/parser.ts": PARSER,
    "src/old.ts": "export const old = true;\n",
    "README.md": "# Parser\n",
    "run.sh": "#!/bin/sh\n",
    ".gitignore": ".env\n",
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(directory, path), text);
  const who = ["-c", "user.name=Gallery", "-c", "user.email=gallery@example.invalid"];
  for (const args of [
    ["init", "-q", "-b", "main"],
    ["add", "-A"],
    ["commit", "-qm", "begin"],
  ])
    execFileSync("git", [...who, ...args], { cwd: directory });
}

const begin = (server: HoldfastProcess, directory: string, title: string, worktree: boolean) =>
  server.client.createSession({ directory, agent: "rehearsal", approvalMode: "all", title, worktree });

async function run(server: HoldfastProcess, session: Session, text: string, agent: string): Promise<void> {
  const input = { parts: [{ type: "text" as const, text }], agent };
  const end = await server.client.admitInputAndWait(session.id, input, { timeoutMs: WAIT_MS });
  if (!end.ended || end.turn.state !== "completed") throw new Error(`The turn of ${text} did not complete.`);
}

/** The project's own file is edited where the change is: nothing fits, and nothing is written. */
async function conflict(
  server: HoldfastProcess,
  session: Session,
  directory: string,
): Promise<ChangeConflict[]> {
  const path = join(directory, "README.md");
  await writeFile(path, "# Our parser\n");
  try {
    const { items } = await server.client.listChanges(session.workspaceId);
    await server.client.applyChanges(session.workspaceId, { changeIds: items.map(({ id }) => id) });
  } catch (error) {
    if (isApiError(error, "CHANGES_CONFLICT")) return error.problem["conflicts"] as ChangeConflict[];
    throw error;
  } finally {
    await writeFile(path, "# Parser\n");
  }
  throw new Error("Nothing was in the way.");
}

async function actTwice(server: HoldfastProcess, session: Session): Promise<ChangeOperation[]> {
  const { client } = server;
  const { items } = await client.listChanges(session.workspaceId);
  const [first, second] = items.filter(({ kind }) => kind === "added");
  if (first === undefined || second === undefined) throw new Error("Two new files were expected.");
  const { operationId } = await client.rejectChanges(session.workspaceId, { changeIds: [first.id] });
  await client.undoChanges(session.workspaceId, operationId);
  await client.applyChanges(session.workspaceId, { changeIds: [second.id] });
  return (await client.listChangeOperations(session.workspaceId)).items;
}

/** One that was removed and one whose directory is lost. */
async function makeWorktrees(server: HoldfastProcess, directory: string): Promise<Session[]> {
  const [removed, lost] = [
    await begin(server, directory, "Try it otherwise", true),
    await begin(server, directory, "Given up", true),
  ];
  await run(server, removed, "WRITE try.md # Try", "rehearsal");
  const { items } = await server.client.listWorktrees();
  const worktree = items.find(({ workspaceId }) => workspaceId === removed.workspaceId);
  if (worktree !== undefined) await server.client.deleteWorktree(worktree.id, { discard: true });
  await rm(lost.directory, { recursive: true });
  const input = { parts: [{ type: "text" as const, text: "SAY hello" }] };
  await server.client.admitInputAndWait(lost.id, input, { timeoutMs: WAIT_MS });
  return [removed, lost];
}

/** In the directory itself: an agent's edit that is seen, one that may be anybody's, and one between turns. */
async function workInPlace(server: HoldfastProcess, directory: string): Promise<ChangeList> {
  const session = await begin(server, directory, "In place", false);
  await run(server, session, "WRITE seen.md # Seen\nBASH echo unseen > unseen.md", "rehearsal");
  await writeFile(join(directory, "by-hand.md"), "# By hand\n");
  await run(server, session, "SAY done", "rehearsal");
  const changes = await server.client.listChanges(session.workspaceId, { refresh: true });
  await server.client.patchSession(session.id, { archived: true });
  return changes;
}
