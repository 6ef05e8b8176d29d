/** The lives of one trial: a template that died at work, a life with a fault in it, and one without in which everything is judged. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { createClient } from "@holdfast/client";
import type { Config, SessionId } from "@holdfast/protocol";
import { launchHoldfast } from "../harness/index.ts";
import { judge, Ledger, readRecords, takePicture } from "../torture/index.ts";
import { Recorder } from "../torture/recorder.ts";
import type { FaultScript } from "./fault-script.ts";
import { Script } from "./script.ts";

const PRELOAD = pathToFileURL(join(import.meta.dirname, "preload.ts")).href;
const READY_MS = 120_000;
/** Ends only what hangs, in ms: the script comes to its end by itself. */
const WORK_MS = 120_000;
/** How long a server that was asked to end may take until it is killed, in ms. */
const END_MS = 8_000;

/** What happens at the first passage of a point. */
export type Plan = { point: string; kind: "kill" | "full" | "busy" | "ioerr" };
export type Template = { root: string; records: string; sessions: SessionId[] };

/** How a server is started. */
export type Start = {
  preload?: string;
  environment?: Readonly<Record<string, string>>;
  config?: Config;
};

export type Life = { child: ChildProcess; url: string | undefined; token: string; dead: Promise<unknown> };

export async function begin(
  root: string,
  { preload, environment = {}, config = { snapshots: false } }: Start = {},
): Promise<Life> {
  const child = await launchHoldfast({
    root,
    config,
    environment: { HOLDFAST_STOP_BUDGET: "0", ...environment },
    ...(preload === undefined ? {} : { preload }),
  });
  child.stderr?.resume();
  const dead = once(child, "exit");
  let output = "";
  const url = await Promise.race([
    new Promise<string>((resolve) => {
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const found = /^holdfast listening on (http:\S+)\n/m.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
    }),
    dead.then(() => undefined),
    delay(READY_MS, undefined, { ref: false }),
  ]);
  const token = await readFile(join(root, "data", "token"), "utf8").then(
    (text) => text.trim(),
    () => "",
  );
  return { child, url, token, dead };
}

async function end(life: Life, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const { exitCode, signalCode } = life.child;
  if (exitCode === null && signalCode === null) life.child.kill(signal);
  const timer = setTimeout(() => life.child.kill("SIGKILL"), END_MS);
  await life.dead;
  clearTimeout(timer);
}

/** Works on sessions of its own until the script has begun its last turn; `signal` ends it there. */
export async function work(
  life: Life,
  records: string,
  scriptOf: (recorder: Recorder) => FaultScript,
  signal: "SIGKILL" | "SIGTERM",
): Promise<SessionId[]> {
  const recorder = new Recorder();
  recorder.begin(records);
  try {
    if (life.url === undefined) return [];
    recorder.target(life.url, life.token);
    const script = scriptOf(recorder);
    const stop = setTimeout(() => script.giveUp(), WORK_MS);
    await Promise.race([script.run(), life.dead.then(() => script.giveUp())]);
    clearTimeout(stop);
    await end(life, signal);
    script.giveUp();
    return script.sessions;
  } finally {
    await end(life, "SIGKILL");
    await recorder.drain();
    await recorder.close();
  }
}

/** A data directory in which a server died in the middle of turns. */
export async function makeTemplate(root: string): Promise<Template> {
  const records = join(root, "records-template.jsonl");
  const life = await begin(root);
  const sessions = await work(life, records, (recorder) => new Script(recorder, "template"), "SIGKILL");
  if (sessions.length === 0) throw new Error("The template was not made.");
  return { root, records, sessions };
}

/** `points` that were passed, and what is wrong afterwards. */
export type Outcome = { points: string[]; violations: string[] };

/** Tries plans in one life on a copy of the template; after a kill nothing more comes, so it stands alone. */
export async function tryPlans(template: Template, root: string, plans: readonly Plan[]): Promise<Outcome> {
  await cp(join(template.root, "data"), join(root, "data"), { recursive: true });
  const [records, passed] = [join(root, "records.jsonl"), join(root, "points")];
  const environment: Record<string, string> = {
    FAULT_RECORD: passed,
    FAULT_PLANS: JSON.stringify(Object.fromEntries(plans.map(({ point, kind }) => [point, kind]))),
  };
  const faulty = await begin(root, { preload: PRELOAD, environment });
  const worked = await work(faulty, records, (recorder) => new Script(recorder, "faulty"), "SIGTERM");
  const points = (await readFile(passed, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
  const ledger = new Ledger();
  ledger.take(readRecords(template.records));
  ledger.take(readRecords(records));
  const violations = await verdict(root, ledger, [...template.sessions, ...worked]);
  return { points, violations };
}

/** What is wrong in the next life. `callsIn`: where commands wrote what they did. */
export async function verdict(
  root: string,
  ledger: Ledger,
  sessions: readonly SessionId[],
  { callsIn, ...start }: Start & { callsIn?: string } = {},
): Promise<string[]> {
  const startedAt = Date.now();
  const life = await begin(root, start);
  try {
    if (life.url === undefined) return ["the server does not start again"];
    const client = createClient({ url: life.url, token: life.token });
    const there = sessions.filter((id) => !ledger.deletions.has(id));
    const known = new Set((await client.listSessions({ limit: 200 })).items.map(({ id }) => id));
    const address = { url: life.url, token: life.token };
    const asked = there.filter((id) => known.has(id));
    const facts = { startedAt, survivors: [], prompts: [], ...(callsIn === undefined ? {} : { callsIn }) };
    const picture = await takePicture(client, address, asked, facts);
    return judge(ledger, picture);
  } catch (error) {
    return [`the server cannot be asked: ${String(error)}`];
  } finally {
    await end(life, "SIGTERM");
  }
}
