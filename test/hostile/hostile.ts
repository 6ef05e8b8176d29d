/** The attack as a whole: every case against one server that stays up, watched from outside, and an ordinary turn at the end. */
import { join } from "node:path";
import type { Config } from "@holdfast/protocol";
import { type HoldfastProcess, processesWith, startHoldfast, until } from "../harness/index.ts";
import { HOSTILE_AGENT } from "./agent-cases.ts";
import { ambientGit } from "./git-cases.ts";
import type { HostileCase, Target } from "./http-cases.ts";
import { type Watched, Watch } from "./watch.ts";

export type HostileReport = {
  cases: { name: string; rules: string; got: string; slowestMs: number; isFine: boolean }[];
  missed: string[];
  watched: Watched;
};

/** The longest that anybody may be kept waiting on an idle machine, in ms, and the memory that may not be passed, in MiB. */
const STALL_MS = 1_000;
const PEAK_MIB = 1_024;

export const config: Config = {
  snapshots: false,
  agents: {
    [HOSTILE_AGENT]: {
      backend: "acp",
      command: [process.execPath, join(import.meta.dirname, "hostile-agent.ts")],
    },
  },
};

/** Runs the cases in their order; `say` hears a line for each. */
export async function attack(
  root: string,
  cases: readonly HostileCase[],
  say: (line: string) => void,
  stallMs = STALL_MS,
): Promise<HostileReport> {
  const server = await startHoldfast({ root, config, environment: ambientGit(root) });
  const report = await attackOne(server, cases, say, stallMs);
  const left = await leftBehind(root);
  if (left.length > 0) report.missed.push(`processes of agents outlive the server: ${left.join(", ")}`);
  return report;
}

async function attackOne(
  given: HoldfastProcess,
  cases: readonly HostileCase[],
  say: (line: string) => void,
  stallMs: number,
): Promise<HostileReport> {
  await using server = given;
  const session = await server.client.createSession({
    directory: await server.place("calm"),
    agent: "rehearsal",
    approvalMode: "all",
  });
  const target: Target = { server, sessionId: session.id };
  const watch = new Watch(server);
  const report: HostileReport = {
    cases: [],
    missed: [],
    watched: { probes: 0, slowestMs: 0, startMib: 0, peakMib: 0, endMib: 0 },
  };
  for (const { name, rules, run } of cases) {
    const { got, isFine } = await run(target).catch((error: unknown) => ({
      got: String(error),
      isFine: false,
    }));
    const slowestMs = Math.round(await watch.takeSlowest());
    report.cases.push({ name, rules, got, slowestMs, isFine });
    say(
      `${isFine ? "ok  " : "MISS"} ${name.padEnd(52)} ${got}${slowestMs > 200 ? ` (a probe waited ${slowestMs} ms)` : ""}`,
    );
    if (!isFine) report.missed.push(`${name}: ${got}`);
  }
  report.missed.push(...(await aftermath(target)));
  report.watched = await watch.end();
  const { slowestMs, peakMib } = report.watched;
  if (slowestMs > stallMs) report.missed.push(`a probe waited ${Math.round(slowestMs)} ms`);
  if (peakMib > PEAK_MIB) report.missed.push(`the server took ${peakMib} MiB`);
  return report;
}

/** What must be true when all is over: ordinary work works, nothing is wrong in the store, no child is left. */
async function aftermath({ server, sessionId }: Target): Promise<string[]> {
  const wrong: string[] = [];
  const { client } = server;
  const waited = await client.admitInputAndWait(
    sessionId,
    { parts: [{ type: "text", text: "SAY still here" }] },
    { timeoutMs: 240_000 },
  );
  const said = waited.ended ? JSON.stringify(waited.messages) : "";
  if (!said.includes("still here")) wrong.push("an ordinary turn does not work afterwards");
  const { integrity, foreignKeys, drift, stuckTurns, leftoverProcesses } = await client.diagnostics();
  for (const finding of [...integrity, ...foreignKeys, ...drift, ...stuckTurns, ...leftoverProcesses])
    wrong.push(`doctor: ${finding}`);
  return wrong;
}

/** Processes of agents that a server left behind; to be asked after its end. */
async function leftBehind(root: string): Promise<number[]> {
  const ours = () => processesWith(`REHEARSAL_HOME=${join(root, "rehearsal")}`);
  await until("the end of all agents", () => ours().length === 0, 10_000).catch(() => undefined);
  return ours();
}
