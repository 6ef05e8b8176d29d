/**
 * T-23: how soon the built program is there. `holdfast --version` and `--help` against `node -e 0`, in turns; a server in the background, from the command to its
 * answer, against 1.5 s; what is installed, against 60 MB. The last two are ratios of their bounds.
 */
import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildProgramUnlessFresh } from "../scripts/build/program.ts";
import { temporaryDirectory } from "../test/harness/index.ts";
import { type Finding, interleave, median, note, worstOf } from "./ratio.ts";

const BUILT = join(import.meta.dirname, "../build/holdfast");
const PROGRAM = join(BUILT, "bin/holdfast.cjs");
const REPEATS = 41;
const START_REPEATS = 9;
const START_MS = 1_500;
const MB = 1_000_000;
const INSTALLED_MB = 60;

const run = promisify(execFile);

/** Ms that a node with these arguments takes. */
async function timeOf(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const began = performance.now();
  await run(process.execPath, args, { env });
  return performance.now() - began;
}

async function against(name: string, args: readonly string[], atMost: number): Promise<Finding> {
  const product = () => timeOf([PROGRAM, ...args]);
  const bare = () => timeOf(["-e", "0"]);
  await product();
  await bare();
  const pairs = await interleave(REPEATS, product, bare);
  const middle = (side: "product" | "limit") => median(pairs.map((pair) => pair[side])).toFixed(0);
  note(`T-23 holdfast ${args.join(" ")}: ${middle("product")} ms; node -e 0: ${middle("limit")} ms`);
  return { name, ratios: pairs.map(({ product: ours, limit }) => ours / limit), target: { atMost } };
}

/** From the command to its answer, each in a data directory of its own. */
async function detachedStart(): Promise<Finding> {
  await using directory = await temporaryDirectory("bench-start");
  const times: number[] = [];
  for (let repeat = 0; repeat < START_REPEATS; repeat += 1) {
    const root = join(directory.path, String(repeat));
    const env = { PATH: process.env["PATH"], HOME: root, HOLDFAST_PORT: "0" };
    times.push(await timeOf([PROGRAM, "serve", "--detach"], env));
    await run(process.execPath, [PROGRAM, "stop", "--force"], { env });
  }
  note(`T-23 a server in the background: ${median(times).toFixed(0)} ms, of ${START_MS}`);
  return { name: "T-23/detached", ratios: times.map((ms) => ms / START_MS), target: { atMost: 1 } };
}

function installedSize(): Finding {
  const bytes = readdirSync(BUILT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  note(`T-23 installed: ${(bytes / MB).toFixed(1)} MB, of ${INSTALLED_MB}`);
  return { name: "T-23/installed", ratios: [bytes / MB / INSTALLED_MB], target: { atMost: 1 } };
}

export async function bench(): Promise<Finding[]> {
  await buildProgramUnlessFresh(BUILT);
  const variants = [
    await against("T-23/version", ["--version"], 1.2),
    await against("T-23/help", ["--help"], 1.5),
    await detachedStart(),
    installedSize(),
  ];
  return [...variants, worstOf("T-23", variants)];
}
