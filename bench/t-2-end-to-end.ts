/**
 * T-2: the same turn through HTTP, dispatcher, a real child process and one subscriber of the session's event stream, one turn after the other.
 * The raw limit is T-1's own figure for one session, measured in turns beside it; at least 0.4 of its turns/s. Says where the time goes: the phases of
 * a turn as its client sees them, and the CPU of the server's threads and of the agent.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type HoldfastProcess, startHoldfast, temporaryDirectory } from "../test/harness/index.ts";
import { subscribe } from "./event-stream.ts";
import { childrenOf, processTime, threadTimes } from "./process-cpu.ts";
import { type Finding, interleave, median, note } from "./ratio.ts";
import { ingestOneSession } from "./t-1-ingestion.ts";

const TARGET = { atLeast: 0.4 } as const;
const REPEATS = 7;
const WARM_UP = 10;
const TURNS = 50;
/** How long one turn may take before the benchmark gives up, in ms. */
const TURN_MS = 30_000;

const PROMPT = ["SLOW 200 0", ...Array.from({ length: 5 }, () => "OUTPUT 2048")].join("\n");

/** The marks that end the phases of a turn, in their order. */
const PHASES = ["admitted", "started", "first content", "last content", "finalizing", "completed"] as const;
type Phase = (typeof PHASES)[number];

type EndToEnd = {
  turnsPerSecond: number;
  /** Median ms of each phase. */
  phases: Record<Phase, number>;
  eventsPerTurn: number;
  /** CPU per turn in ms, by process and thread. */
  cpu: Map<string, number>;
};

/** Follows the running turn by its events; `ended` settles at its end. */
class TurnClock {
  #marks = new Map<Phase, number>();
  #ended = Promise.withResolvers<Map<Phase, number>>();
  #start = 0;
  events = 0;

  begin(): Promise<Map<Phase, number>> {
    this.#marks = new Map();
    this.#ended = Promise.withResolvers();
    this.#start = performance.now();
    return this.#ended.promise;
  }

  mark(phase: Phase): void {
    this.#marks.set(phase, performance.now() - this.#start);
  }

  take(event: string): void {
    this.events += 1;
    const isContent = event === "message.part.delta" || event === "message.part.updated";
    if (event === "turn.started") this.mark("started");
    else if (isContent && this.#marks.has("started") && !this.#marks.has("finalizing")) {
      if (event === "message.part.delta" && !this.#marks.has("first content")) this.mark("first content");
      this.mark("last content");
    } else if (event === "turn.finalizing") this.mark("finalizing");
    else if (event === "turn.completed") {
      this.mark("completed");
      this.#ended.resolve(this.#marks);
    } else if (event === "turn.failed" || event === "turn.aborted")
      this.#ended.reject(new Error(`A turn ended with ${event}.`));
  }
}

async function playTurn(
  server: HoldfastProcess,
  sessionId: string,
  clock: TurnClock,
): Promise<Map<Phase, number>> {
  const ended = clock.begin();
  const response = await server.fetch(`/api/sessions/${sessionId}/inputs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ parts: [{ type: "text", text: PROMPT }] }),
  });
  await response.text();
  if (!response.ok) throw new Error(`An input was answered with ${response.status}.`);
  clock.mark("admitted");
  const marks = await Promise.race([ended, delay(TURN_MS, undefined, { ref: false })]);
  if (marks === undefined) throw new Error(`A turn took longer than ${TURN_MS} ms.`);
  return marks;
}

/** CPU of the server's threads and of its agent so far. */
function cpuOf(server: HoldfastProcess): Map<string, number> {
  const times = new Map<string, number>();
  for (const [thread, ms] of threadTimes(server.pid)) times.set(`server ${thread}`, ms);
  for (const child of childrenOf(server.pid))
    times.set("agent", (times.get("agent") ?? 0) + processTime(child));
  return times;
}

async function runEndToEnd(): Promise<EndToEnd> {
  await using directory = await temporaryDirectory("bench-end-to-end");
  await using server = await startHoldfast({
    root: directory.path,
    config: { agent: "rehearsal", snapshots: false },
    environment: { HOLDFAST_LOG_LEVEL: "warn" },
  });
  const { id } = await server.client.createSession({ directory: server.project });
  const clock = new TurnClock();
  const stream = await subscribe(`${server.url}/api/sessions/${id}/events`, server.token, (event) =>
    clock.take(event),
  );
  for (let turn = 0; turn < WARM_UP; turn += 1) await playTurn(server, id, clock);
  const before = { cpu: cpuOf(server), events: clock.events };
  const marks: Map<Phase, number>[] = [];
  const start = performance.now();
  for (let turn = 0; turn < TURNS; turn += 1) marks.push(await playTurn(server, id, clock));
  const seconds = (performance.now() - start) / 1_000;
  const after = cpuOf(server);
  stream.close();
  const cpu = [...after].map(([name, ms]) => [name, (ms - (before.cpu.get(name) ?? 0)) / TURNS] as const);
  return {
    turnsPerSecond: TURNS / seconds,
    phases: phasesOf(marks),
    eventsPerTurn: (clock.events - before.events) / TURNS,
    cpu: new Map(cpu),
  };
}

/** How long each phase took, from the end of the one before it. The answer to the input and the turn's start may overtake each other. */
function phasesOf(marks: readonly Map<Phase, number>[]): Record<Phase, number> {
  const lengths = PHASES.map((phase, index) => {
    const previous = PHASES[index - 1];
    return median(
      marks.map((turn) => (turn.get(phase) ?? 0) - (previous === undefined ? 0 : (turn.get(previous) ?? 0))),
    );
  });
  return Object.fromEntries(PHASES.map((phase, index) => [phase, lengths[index] ?? 0])) as Record<
    Phase,
    number
  >;
}

export async function bench(): Promise<Finding[]> {
  const pairs = await interleave(REPEATS, runEndToEnd, ingestOneSession);
  explain(pairs.map(({ product }) => product));
  note(
    `T-2 limit (T-1's product): ${median(pairs.map(({ limit }) => limit.turnsPerSecond)).toFixed(1)} turns/s`,
  );
  const ratios = pairs.map(({ product, limit }) => product.turnsPerSecond / limit.turnsPerSecond);
  return [{ name: "T-2", ratios, target: TARGET }];
}

function explain(runs: readonly EndToEnd[]): void {
  const middle = (figure: (run: EndToEnd) => number): number => median(runs.map(figure));
  note(
    `T-2 product: ${middle((run) => run.turnsPerSecond).toFixed(1)} turns/s, ${middle((run) => run.eventsPerTurn).toFixed(0)} events/turn`,
  );
  const phases = PHASES.map((phase) => `${phase} ${middle((run) => run.phases[phase]).toFixed(2)}`);
  note(`T-2 phases of a turn, ms until: ${phases.join(", ")}`);
  const names = new Set(runs.flatMap((run) => [...run.cpu.keys()]));
  const times = [...names]
    .map((name) => ({ name, ms: middle((run) => run.cpu.get(name) ?? 0) }))
    .filter(({ ms }) => ms >= 0.1)
    .toSorted((a, b) => b.ms - a.ms);
  note(`T-2 CPU per turn, ms: ${times.map(({ name, ms }) => `${name} ${ms.toFixed(1)}`).join(", ")}`);
}
