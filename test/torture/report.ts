import { type Part, subtaskOf, type ToolPart } from "@holdfast/protocol";
import { PHASES, type Phase } from "./kill-plan.ts";
import type { Ledger } from "./ledger.ts";

/** Kills that fell in one phase. */
type PhaseTally = { kills: number; withAgents: number; triggers: Record<string, number> };

const CHECKS = [
  "answers",
  "frames",
  "rows",
  "facts",
  "inputs",
  "deltas",
  "ends",
  "cancels",
  "replies",
  "titles",
  "sessions",
  "deletions",
  "subtasks",
  "ownTurns",
  "questions",
  "retries",
  "compactions",
] as const;

const NATIVE = [
  "callsStarted",
  "callsFinished",
  "callsInterrupted",
  "retries",
  "compactions",
  "questions",
  "subtasks",
] as const;

/** Kills of a run that has to show at least so many of each of `NATIVE`. */
const WHOLE = { kills: 200, each: 20 };

/** What a run counted; kept in its state, and the largest part of its report. */
export type Tally = {
  phases: Record<Phase, PhaseTally>;
  /** Kills whose planned instant did not come: they fell somewhere else, or the server ended before. */
  elsewhere: number;
  /** Times the whole store was held against the ledger after a start, and at rest. */
  judged: number;
  rests: number;
  /** What was acknowledged and checked. */
  checked: Record<(typeof CHECKS)[number], number>;
  /** Commands without an answer that were repeated with their keys. */
  repeated: number;
  /** What turns of Holdfast's own agent did. */
  native: Record<(typeof NATIVE)[number], number>;
  violations: string[];
};

/** Machine-readable result of a run, as `report.json` holds it. */
export type TortureReport = Tally & {
  kind: "torture";
  version: 1;
  seed: string;
  depth: number;
  /** Asked for; the sum over `phases` is what fell where it was meant to. */
  kills: number;
  lives: number;
  withAgents: number;
  /** Of running time, over all resumptions. */
  seconds: number;
  startedAt: string;
  endedAt: string;
  node: string;
  platform: string;
  /** What commands did outside of Holdfast: `interrupted` are those that began and never were done. */
  calls: { begun: number; done: number; interrupted: number };
};

export function emptyTally(): Tally {
  const none = (): PhaseTally => ({ kills: 0, withAgents: 0, triggers: {} });
  return {
    phases: Object.fromEntries(PHASES.map((phase) => [phase, none()])) as Tally["phases"],
    elsewhere: 0,
    judged: 0,
    rests: 0,
    checked: Object.fromEntries(CHECKS.map((check) => [check, 0])) as Tally["checked"],
    repeated: 0,
    native: Object.fromEntries(NATIVE.map((what) => [what, 0])) as Tally["native"],
    violations: [],
  };
}

/** Adds what a ledger holds at the end of its set, beside what it was begun with. */
export function count(
  tally: Tally,
  ledger: Ledger,
  carried: { created: unknown[]; deleted: unknown[] },
): void {
  const { checked } = tally;
  checked.answers += ledger.answers;
  checked.frames += ledger.frames;
  checked.rows += ledger.rows.rows.size;
  checked.facts += ledger.rows.facts.size;
  checked.inputs += ledger.admissions.size;
  checked.deltas += ledger.deltas.length;
  checked.ends += ledger.ends.size;
  checked.cancels += ledger.cancelled.size;
  checked.replies += ledger.replies.size;
  checked.titles += ledger.titles.size;
  checked.sessions += ledger.created.size - carried.created.length;
  checked.deletions += ledger.deleted.size - carried.deleted.length;
  checked.ownTurns += [...ledger.rows.rows.values()].filter(({ value }) => isOwnTurn(value)).length;
  checked.subtasks += [...ledger.rows.rows.values()].filter(({ value }) => isSubtask(value)).length;
  checked.questions += [...ledger.rows.rows.keys()].filter((key) => key.includes(":qst_")).length;
  checked.retries += [...ledger.rows.rows.values()].filter(({ value }) => value?.["type"] === "retry").length;
  checked.compactions += [...ledger.rows.facts.values()].filter(
    ({ type }) => type === "session.compacted",
  ).length;
  countNative(tally.native, ledger);
}

function countNative(native: Tally["native"], { rows }: Ledger): void {
  const all = [...rows.rows.values()];
  const isNative = (value: Record<string, unknown> | undefined) =>
    typeof value?.["agent"] === "string" && value["agent"].startsWith("native:");
  const sessions = new Set(all.filter(({ value }) => isNative(value)).map(({ sessionId }) => sessionId));
  const own = all.filter(({ sessionId }) => sessions.has(sessionId));
  const calls = own.flatMap(({ value }) =>
    value?.["type"] === "tool" ? [(value as unknown as ToolPart).state] : [],
  );
  const isInterrupted = (state: ToolPart["state"]) =>
    state.status === "error" && state.metadata?.["interrupted"] === true;
  native.callsStarted += calls.filter(({ status }) => status !== "pending").length;
  native.callsFinished += calls.filter(
    (state) => ["completed", "error"].includes(state.status) && !isInterrupted(state),
  ).length;
  native.callsInterrupted += calls.filter(isInterrupted).length;
  native.retries += own.filter(({ value }) => value?.["type"] === "retry").length;
  native.compactions += [...rows.facts.values()].filter(
    ({ type, sessionId }) => type === "session.compacted" && sessions.has(sessionId),
  ).length;
  native.questions += own.filter(({ key }) => key.includes("qst_")).length;
  native.subtasks += own.filter(({ value }) => isSubtask(value)).length;
}

/** What a whole run did too little of to prove anything. */
export function shortOf({ kills, native }: Pick<TortureReport, "kills" | "native">): string[] {
  if (kills < WHOLE.kills) return [];
  return NATIVE.filter((what) => native[what] < WHOLE.each).map(
    (what) => `native ${what}: ${native[what]}, and ${WHOLE.each} are asked for`,
  );
}

/** One that an agent started by itself. */
const isOwnTurn = (value: Record<string, unknown> | undefined): boolean =>
  value !== undefined && "attempts" in value && !("inputId" in value);

/** The call that stands for one. */
const isSubtask = (value: Record<string, unknown> | undefined): boolean =>
  value?.["type"] === "tool" && subtaskOf(value as unknown as Part) !== undefined;

export function print(report: TortureReport, say: (line: string) => void): void {
  for (const [phase, { kills, withAgents, triggers }] of Object.entries(report.phases)) {
    const how = Object.entries(triggers)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, times]) => `${name} ${times}`);
    say(`  ${phase.padEnd(13)} ${String(kills).padStart(4)}, ${withAgents} with agents: ${how.join(", ")}`);
  }
  say(`  elsewhere     ${String(report.elsewhere).padStart(4)}`);
  const { begun, done, interrupted } = report.calls;
  say(`commands outside: ${begun} begun, ${done} done, ${interrupted} interrupted`);
  const checked = Object.entries(report.checked).map(([what, times]) => `${times} ${what}`);
  say(`checked after ${report.judged} starts and ${report.rests} rests: ${checked.join(", ")}`);
  say(`${report.repeated} unanswered commands were repeated; ${report.lives} lives in ${report.seconds} s`);
  const native = Object.entries(report.native).map(([what, times]) => `${times} ${what}`);
  if (report.native.callsStarted > 0) {
    say(`by Holdfast's own agent: ${native.join(", ")}`);
    for (const lack of shortOf(report)) say(`SHORT ${lack}`);
  }
  for (const violation of report.violations) say(`VIOLATION ${violation}`);
  say(`violations ${report.violations.length}`);
}
