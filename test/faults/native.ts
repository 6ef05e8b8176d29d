/**
 * Faults at every step of the native agent's loop: a first life names what its program says to the server, message by message; then at each the program dies, and once more
 * the server does. After a restart the torture's oracle judges: nothing acknowledged is lost, no command ran twice, nothing is stuck, and the session goes on.
 */
import { mkdir, readFile, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type ScriptedModel, startModel } from "../model/index.ts";
import { Ledger, readRecords } from "../torture/index.ts";
import type { FaultsOptions, FaultsReport } from "./faults.ts";
import { begin, verdict, work } from "./lives.ts";
import { NativeScript } from "./native-script.ts";

const PRELOAD = pathToFileURL(join(import.meta.dirname, "native-preload.ts")).href;
const MODEL = "fake-1";
/** Tokens: what the script says of one answer is more. */
const CONTEXT = 100_000;
const CONFIG = {
  snapshots: false,
  providers: { endpoint: { models: { [MODEL]: { context: CONTEXT, output: 8_000 } } } },
};
/** A life mostly waits for its model and its commands. */
const AT_ONCE = availableParallelism();
const SAY_EVERY = 20;
/** Of what comes in pieces so many are tried; the next is no other place in the loop. */
const PIECES = { names: ["say.text", "say.reasoning", "say.tool.pending"], most: 10 };

type Plan = { point: string; victim: "program" | "server" };

export async function nativeFaults({
  root,
  only = "",
  every = 1,
  from = 0,
  say,
}: FaultsOptions): Promise<FaultsReport> {
  const model = await startModel();
  try {
    const first = await tryPlan(model, join(root, "recording"), undefined);
    const points = [...new Set(first.points)].filter((point) => isTried(point) && point.startsWith(only));
    const plans = points
      .flatMap((point): Plan[] => [
        { point, victim: "program" },
        { point, victim: "server" },
      ])
      .filter((_, index) => index % every === 0);
    const report: FaultsReport = {
      points: points.length,
      tried: 0,
      commands: {},
      violations: first.violations,
    };
    say(`${points.length} points, ${plans.length} plans`);
    let next = from;
    const lane = async () => {
      while (next < plans.length) {
        const number = next;
        next += 1;
        if (number % SAY_EVERY === 0) say(`  ${number} begun`);
        const plan = plans[number];
        if (plan !== undefined) await tryOne(model, join(root, `trial-${number}`), plan, { report, say });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    return report;
  } finally {
    await model.close();
  }
}

function isTried(point: string): boolean {
  const [name = "", number] = point.split("#");
  return !PIECES.names.includes(name) || Number(number) <= PIECES.most;
}

async function tryOne(
  model: ScriptedModel,
  root: string,
  plan: Plan,
  { report, say }: { report: FaultsReport; say: (line: string) => void },
): Promise<void> {
  const { points, violations } = await tryPlan(model, root, plan);
  const name = `${plan.victim} at ${plan.point}`;
  for (const violation of violations) {
    report.violations.push(`${name}: ${violation}`);
    say(`VIOLATION ${name} (${root}): ${violation}`);
  }
  if (points.includes(plan.point)) {
    report.tried += 1;
    const [kind = ""] = plan.point.split("#");
    report.commands[kind] = (report.commands[kind] ?? 0) + 1;
  } else say(`missed ${name}`);
  if (violations.length === 0) await rm(root, { recursive: true, force: true, maxRetries: 5 });
}

/** A life with this fault, and one in which everything is judged and every session is asked once more. */
async function tryPlan(
  model: ScriptedModel,
  root: string,
  plan: Plan | undefined,
): Promise<{ points: string[]; violations: string[] }> {
  const place = join(root, "project");
  await mkdir(place, { recursive: true });
  const [records, later, passed] = [
    join(root, "records.jsonl"),
    join(root, "records-later.jsonl"),
    join(root, "points"),
  ];
  const environment = { HOLDFAST_MODEL_URL: `${model.url}/v1`, HOLDFAST_MODEL: MODEL };
  const watched = {
    ...environment,
    NATIVE_RECORD: passed,
    ...(plan === undefined ? {} : { NATIVE_PLAN: `${plan.point} ${plan.victim}` }),
  };
  const faulty = await begin(root, { preload: PRELOAD, environment: watched, config: CONFIG });
  const script = (name: string) => (recorder: ConstructorParameters<typeof NativeScript>[0]["recorder"]) =>
    new NativeScript({ recorder, name, place, root });
  const worked = await work(faulty, records, script("faulty"), "SIGTERM");
  const again = await begin(root, { environment, config: CONFIG });
  const went = new Set<string>();
  await work(
    again,
    later,
    (recorder) => new NativeScript({ recorder, name: "later", place, root, sessions: worked, went }),
    "SIGTERM",
  );
  const points = (await readFile(passed, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
  const ledger = new Ledger();
  ledger.take(readRecords(records));
  ledger.take(readRecords(later));
  const violations = await verdict(root, ledger, worked, { environment, config: CONFIG, callsIn: root });
  const stuck = worked.filter((id) => !went.has(id)).map((id) => `${id} does not go on`);
  return { points, violations: [...violations, ...stuck] };
}
