/** One traced run: the real server at work under the preload, with the recorder beside it. What comes of it is the material of many disk images. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Config, Session, SessionId } from "@holdfast/protocol";
import { startHoldfast, until } from "../harness/index.ts";
import { Random } from "../torture/random.ts";
import { type Exchange, decodeRecords } from "../torture/record-log.ts";
import { Recorder } from "../torture/recorder.ts";
import { Workload } from "../torture/workload.ts";
import { type Op, readTrace } from "./trace.ts";

/** `OFF` is no setting of the program: there the preload answers every sync without one. */
export type Synchronous = "FULL" | "NORMAL" | "OFF";

export const configFor = (synchronous: Synchronous): Config => ({
  synchronous: synchronous === "OFF" ? "FULL" : synchronous,
  snapshots: false,
});

export type TracedRun = {
  /** Where the data directory was, and the project still is. */
  data: string;
  project: string;
  sessions: SessionId[];
  ops: Op[];
  /** What was acknowledged before `at`, in ms of the wall clock, and all that was asked until then. */
  acknowledgedBefore(at: number): Exchange[];
};

export type RunOptions = { root: string; seed: string; workMs: number; synchronous: Synchronous };

/** What a run acknowledges at least, however slow the machine. */
const FRAMES = 150;

const PHASES = ["streaming", "tool", "permission", "checkpoint"] as const;
const MODES = ["all", "ask", "all"] as const;

/** The preload, built anew. Rejects when there is no C compiler (Debian: gcc, libc6-dev). */
export function buildPreload(directory: string): string {
  const library = join(directory, "trace.so");
  const source = join(import.meta.dirname, "trace.c");
  execFileSync("cc", [
    "-shared",
    "-fPIC",
    "-O2",
    "-Wall",
    "-Werror",
    "-o",
    library,
    source,
    "-ldl",
    "-lpthread",
  ]);
  return library;
}

export async function tracedRun(preload: string, options: RunOptions): Promise<TracedRun> {
  const { root, seed, workMs, synchronous } = options;
  const data = join(root, "data");
  const [trace, records] = [join(root, "trace"), join(root, "records.jsonl")];
  await mkdir(root, { recursive: true });
  const server = await startHoldfast({
    root,
    config: configFor(synchronous),
    environment: {
      LD_PRELOAD: preload,
      TRACE_FILE: trace,
      TRACE_ROOT: data,
      UV_USE_IO_URING: "0",
      ...(synchronous === "OFF" ? { TRACE_IGNORE_SYNCS: "1" } : {}),
    },
  });
  const recorder = new Recorder();
  recorder.begin(records);
  recorder.target(server.url, server.token);
  const sessions: Pick<Session, "id">[] = [];
  let calls = 0;
  for (const approvalMode of MODES) {
    const body = JSON.stringify({
      directory: server.project,
      approvalMode,
      resumePolicy: "manual",
      title: "Traced",
    });
    const key = `${seed}-c${(calls += 1)}`;
    const answer = await recorder.request({ method: "POST", path: "/api/sessions", key, body });
    if (answer === undefined) throw new Error("A session could not be made.");
    sessions.push({ id: (answer.body as Session).id });
  }
  const random = new Random(seed);
  const phase = random.pick(PHASES);
  const workload = new Workload({ recorder, random, phase, name: seed, retired: [], root });
  let frames = 0;
  const streams = sessions.map(({ id }) =>
    recorder.stream({ path: `/api/sessions/${id}/events?after=0`, label: "chain" }, (frame) => {
      if (!frame.event.includes(".")) return;
      frames += 1;
      workload.heard(frame);
    }),
  );
  const working = workload.run(sessions);
  await delay(workMs);
  await until(`${FRAMES} frames`, () => frames >= FRAMES);
  workload.end();
  await working;
  const ended = server.stop();
  await Promise.all([ended, ...streams.map((stream) => stream.ended)]);
  await recorder.drain();
  await recorder.close();
  const text = readFileSync(records, "utf8");
  return {
    data,
    project: server.project,
    sessions: sessions.map(({ id }) => id),
    ops: readTrace(trace),
    acknowledgedBefore: (at) => decodeRecords(linesBefore(text, at), "records"),
  };
}

/** A request counts as asked from its own ms on; an answer counts as received only when its ms is over. */
function linesBefore(text: string, at: number): string {
  return text
    .split("\n")
    .filter((line) => {
      if (line === "") return false;
      const record = JSON.parse(line) as { kind: string; at: number };
      return record.kind === "request" ? record.at <= at + 1 : record.at < at;
    })
    .join("\n");
}
