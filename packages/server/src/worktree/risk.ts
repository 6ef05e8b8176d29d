/**
 * The risk report (W-10): what would be lost if a worktree went away now. A question that could not be answered is a risk of its own kind,
 * `unknown`. `rescued` says whether the rescue ref will hold it (W-11).
 */
import { errorText, HoldfastError } from "@holdfast/kernel";
import {
  type Risk,
  type RiskReport,
  type SessionId,
  type WorkspaceId,
  type Worktree,
  type WorktreeId,
} from "@holdfast/protocol";
import type { Entry } from "../git/index.ts";
import { processesIn } from "../process/index.ts";
import { type WorktreeCondition, conditionOf } from "./condition.ts";
import type { SagaDeps } from "./deps.ts";
import { requireWorktree } from "./intent.ts";
import { readLockReason } from "./names.ts";
import { askFiles, counted, named } from "./risk-files.ts";
import { askUnderWay, askUnheld } from "./unheld-commits.ts";

/** Risks of a worktree as it is now. Never rejects for what git, the file system or the process table cannot tell. */
async function risksOf(deps: SagaDeps, worktree: Worktree): Promise<Risk[]> {
  if (worktree.state === "removed") return [];
  const used = [
    ask("the turns", () => askTurns(deps, worktree.workspaceId)),
    ask("the pending changes", () => askChanges(deps, worktree.workspaceId)),
  ];
  const condition = await conditionOf(worktree).catch((error: unknown) => errorText(error));
  if (typeof condition === "string")
    return [...(await Promise.all(used)).flat(), unknown("its repository", condition)];
  const found = await Promise.all([
    ...used,
    ask("the directory", () => askStanding(deps, worktree, condition)),
  ]);
  return found.flat();
}

/** The report of one worktree. Rejects NOT_FOUND. */
export async function worktreeRisk(deps: SagaDeps, id: WorktreeId): Promise<RiskReport> {
  const worktree = await requireWorktree(deps.store, id);
  return reportOf(deps, { kind: "worktree", id }, await risksOf(deps, worktree), id);
}

/** Rejects RISK_UNCONFIRMED with the `report` unless nothing would be lost. */
export async function refuseRisk(deps: SagaDeps, worktree: Worktree): Promise<void> {
  const report = reportOf(
    deps,
    { kind: "worktree", id: worktree.id },
    await risksOf(deps, worktree),
    worktree.id,
  );
  if (report.safe) return;
  throw new HoldfastError(
    "RISK_UNCONFIRMED",
    `Removing the worktree ${worktree.id} would lose what the report names; that has to be confirmed.`,
    { data: { report } },
  );
}

/** What would go with a session: its turns, and everything of the worktrees that only it and its children use. */
export async function sessionRisk(
  deps: SagaDeps,
  {
    sessionId,
    members,
    worktreeIds,
  }: { sessionId: SessionId; members: SessionId[]; worktreeIds: WorktreeId[] },
): Promise<RiskReport> {
  const risks: Risk[] = [];
  const spaces = new Set<WorkspaceId>();
  for (const id of worktreeIds) {
    const worktree = await requireWorktree(deps.store, id);
    spaces.add(worktree.workspaceId);
    risks.push(...(await risksOf(deps, worktree)));
  }
  for (const id of members) {
    const session = await deps.store.getSession(id);
    if (session === undefined || spaces.has(session.workspaceId)) continue;
    const users = await deps.store.workspaceUsers(session.workspaceId);
    if (users.some((user) => user.sessionId === id && user.liveTurnId !== undefined))
      risks.push({ kind: "liveTurn", message: `A turn of session ${id} runs.`, rescued: false });
  }
  return reportOf(deps, { kind: "session", id: sessionId }, risks, worktreeIds[0]);
}

/** A workspace that is a directory of the user's loses no file; what is pending there would be forgotten. */
export async function workspaceRisk(deps: SagaDeps, id: WorkspaceId): Promise<RiskReport> {
  const worktree = await deps.store.worktreeOf(id);
  const risks =
    worktree === undefined
      ? (
          await Promise.all([
            ask("the turns", () => askTurns(deps, id)),
            ask("the pending changes", () => askChanges(deps, id)),
          ])
        ).flat()
      : await risksOf(deps, worktree);
  return reportOf(deps, { kind: "workspace", id }, risks, worktree?.id);
}

function reportOf(
  deps: SagaDeps,
  target: RiskReport["target"],
  risks: Risk[],
  worktreeId?: WorktreeId,
): RiskReport {
  const report: RiskReport = { target, safe: risks.length === 0, risks, time: deps.clock.now() };
  return worktreeId === undefined ? report : { ...report, worktreeId };
}

async function ask(what: string, question: () => Promise<Risk[]>): Promise<Risk[]> {
  return question().catch((error: unknown) => [unknown(what, errorText(error))]);
}

function unknown(what: string, why: string): Risk {
  return {
    kind: "unknown",
    message: `It cannot be told what ${what} would lose: ${why.slice(0, 400)}.`,
    rescued: false,
  };
}

async function askTurns({ store }: SagaDeps, workspaceId: WorkspaceId): Promise<Risk[]> {
  const live = (await store.workspaceUsers(workspaceId)).filter((user) => user.liveTurnId !== undefined);
  return live.length === 0
    ? []
    : [
        {
          kind: "liveTurn",
          message: counted(live.length, "turn runs there.", "turns run there."),
          count: live.length,
          rescued: false,
        },
      ];
}

async function askChanges({ store }: SagaDeps, workspaceId: WorkspaceId): Promise<Risk[]> {
  const changes = await store.listChanges({ workspaceId, states: ["pending", "conflict"] });
  return named(
    "unappliedChanges",
    changes.map((change) => change.key),
    true,
    ["change was not applied.", "changes were not applied."],
  );
}

async function askStanding(
  deps: SagaDeps,
  worktree: Worktree,
  condition: WorktreeCondition,
): Promise<Risk[]> {
  switch (condition.kind) {
    case "missing":
      return [
        {
          kind: "missing",
          message: `Nothing is at ${worktree.path} any more.`,
          rescued: worktree.rescue !== undefined,
        },
      ];
    case "moved":
      return [
        {
          kind: "moved",
          message: `It was moved to ${condition.to}; what is there stays there.`,
          rescued: false,
        },
      ];
    case "foreign":
      return [
        {
          kind: "foreign",
          message: `What is at ${worktree.path} is not this worktree: ${condition.reason}. It stays there.`,
          rescued: false,
        },
      ];
    case "whole":
      return askWhole(deps, worktree, condition.entry);
  }
}

async function askWhole(deps: SagaDeps, worktree: Worktree, entry: Entry): Promise<Risk[]> {
  const { git, processes } = deps;
  const { path } = worktree;
  const found = await Promise.all([
    ask("processes", async () => {
      const [live, agents] = await Promise.all([processesIn(path), processes.agents()]);
      const others = live.filter(({ pid }) => !agents.has(pid));
      return others.length === 0
        ? []
        : [
            {
              kind: "liveProcess" as const,
              message: `${counted(others.length, "process works there", "processes work there")}: ${others
                .slice(0, 10)
                .map(({ pid }) => pid)
                .join(", ")}.`,
              count: others.length,
              rescued: false,
            },
          ];
    }),
    ask("files", () => askFiles(deps, worktree)),
    ask("commits", async () => {
      const { count, isDetached } = await askUnheld(git, worktree);
      if (count === 0) return [];
      const message = counted(
        count,
        "commit is in no other branch, tag or remote.",
        "commits are in no other branch, tag or remote.",
      );
      return [
        { kind: isDetached ? ("detached" as const) : ("unpushed" as const), message, count, rescued: true },
      ];
    }),
    ask("work under way", async () => {
      const acts = await askUnderWay(entry.admin);
      return acts.length === 0
        ? []
        : [{ kind: "inProgress" as const, message: `Under way: ${acts.join(", ")}.`, rescued: false }];
    }),
  ]);
  return [...found.flat(), ...lockRisk(deps, worktree, entry)];
}

/** Somebody's own lock means "keep this". One that is open is no reason to keep it, but no reaper touches it. */
function lockRisk({ store }: SagaDeps, worktree: Worktree, { lockReason }: Entry): Risk[] {
  const ours = readLockReason(lockReason);
  if (lockReason === undefined || (ours?.worktreeId === worktree.id && ours.storeId === store.storeId))
    return [];
  const who = ours === undefined ? "Somebody locked it" : "It was made under another database";
  return [{ kind: "locked", message: `${who}: ${JSON.stringify(lockReason.slice(0, 200))}.`, rescued: true }];
}
