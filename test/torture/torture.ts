/**
 * A run of the torture: lives of the real server on one directory, each ended by a planned kill; after every start everything acknowledged is held
 * against what is there, and every few lives all comes to rest and streams, replays and rows are compared. Its state is written after every life, so that
 * an interrupted run goes on where it was.
 */
import { readdirSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type ScriptedModel, startModel } from "../model/index.ts";
import { readCallLog } from "./call-log.ts";
import { carryOver } from "./carry-over.ts";
import { type Kill, killPlan, type Phase, triggerIn } from "./kill-plan.ts";
import { Ledger } from "./ledger.ts";
import { Pending } from "./pending.ts";
import { Random } from "./random.ts";
import { readRecords } from "./record-log.ts";
import { Recorder } from "./recorder.ts";
import { count, type TortureReport } from "./report.ts";
import { agentsOf, serversOf } from "./server-life.ts";
import { loadState, newState, saveState, type TortureState } from "./state.ts";
import { TortureLife } from "./torture-life.ts";
import { Ambush } from "./trigger.ts";

export type TortureOptions = {
  kills: number;
  seed: string;
  root: string;
  /** How much work comes before a kill, from 1. */
  depth: number;
  /** With sessions of Holdfast's own agent beside those of the rehearsal agent. */
  isNative: boolean;
  say: (line: string) => void;
};

/** Lives on one set of sessions; then they are compared at rest, and new ones take their place. */
const KILLS_PER_SET = 10;
/** Lives that are spent on one planned kill until its instant comes. */
const TRIES = 3;

/** Runs all kills, or those that are left of an interrupted run in the same directory. */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const run = new Torture(options);
  try {
    return await run.all();
  } finally {
    await run.close();
  }
}

class Torture {
  readonly #options: TortureOptions;
  readonly #recorder = new Recorder();
  readonly #state: TortureState;
  readonly #records: string;
  #ledger: Ledger;
  #pending = new Pending();
  #since = performance.now();
  /** Outlives the servers that are killed. */
  #model: ScriptedModel | undefined;

  constructor(options: TortureOptions) {
    const { root, seed, kills, depth } = options;
    this.#options = options;
    this.#records = join(root, "records");
    this.#state = loadState(root, { seed, kills, depth }) ?? newState({ seed, kills, depth });
    this.#ledger = new Ledger(this.#state);
  }

  async all(): Promise<TortureReport> {
    const state = this.#state;
    this.#model = await startModel();
    await mkdir(this.#records, { recursive: true });
    await mkdir(join(this.#options.root, "data"), { recursive: true, mode: 0o700 });
    this.#takeUp();
    const plan = killPlan(state.kills, new Random(state.seed), this.#options.depth);
    while (state.done < plan.length) {
      await this.#fulfil(plan[state.done] as Kill);
      state.done += 1;
      if (state.done % KILLS_PER_SET === 0 || state.done === plan.length) await this.#rest();
      this.#save();
    }
    return this.#report();
  }

  async close(): Promise<void> {
    await this.#recorder.close();
    await this.#model?.close();
  }

  /** What an interrupted run left: its server goes, its records are read again. */
  #takeUp(): void {
    const { root } = this.#options;
    for (const pid of serversOf(root)) process.kill(pid, "SIGKILL");
    const state = this.#state;
    const begun = readdirSync(this.#records).map((name) => Number.parseInt(name, 10));
    for (let life = state.setFrom; life <= Math.max(state.life, ...begun); life += 1) {
      if (begun.includes(life)) this.#read(life);
      state.life = Math.max(state.life, life);
    }
    const known = new Set([...state.created, ...state.sessions.map(({ id }) => id)]);
    for (const id of this.#ledger.created) if (!known.has(id)) state.sessions.push({ id });
    if (state.life > 0) state.orphans = agentsOf(root);
  }

  #save(): void {
    const state = this.#state;
    state.seconds = Math.round(state.seconds + (performance.now() - this.#since) / 1_000);
    this.#since = performance.now();
    saveState(this.#options.root, state);
  }

  /** Lives until the kill fell where it was meant to, or its tries are used up. */
  async #fulfil(kill: Kill): Promise<void> {
    const random = new Random(`${this.#state.seed}/${this.#state.done}`);
    let planned = kill;
    for (let left = TRIES; left > 0; left -= 1) {
      const phase = await this.#die(planned);
      this.#tally(planned, phase);
      if (phase === kill.phase) return;
      planned = { ...kill, trigger: triggerIn(kill.phase, random, this.#options.depth) };
      if (left > 1) this.#save();
    }
  }

  /** One life that ends with this kill; answers where it fell. */
  async #die(kill: Kill): Promise<Phase | undefined> {
    const ambush = new Ambush(kill, this.#options.root);
    const state = this.#state;
    if (kill.phase === "migration") state.level += 1;
    const life = await this.#begin(kill.trigger.by === "fault" ? kill.trigger.plan : undefined, kill.phase);
    const isReady = await life.untilDeath(kill, ambush);
    ambush.lift();
    state.orphans = agentsOf(this.#options.root);
    if (kill.withAgents) this.#killAgents();
    await this.#finish(life);
    const phase = ambush.hasStruck ? whereOf(kill, isReady, ambush.wasAsked) : undefined;
    this.#options.say(
      `${String(state.life).padStart(5)} ${kill.phase}${kill.withAgents ? " +agents" : ""} ${JSON.stringify(kill.trigger)}` +
        (phase === kill.phase ? "" : ` fell ${phase === undefined ? "elsewhere" : `in ${phase}`}`),
    );
    return phase;
  }

  async #begin(fault: string | undefined, phase?: Phase): Promise<TortureLife> {
    const { root, seed } = this.#options;
    const state = this.#state;
    state.life += 1;
    this.#dropCopies();
    this.#recorder.begin(this.#file(state.life));
    const life = new TortureLife({
      root,
      isNative: this.#options.isNative,
      modelUrl: this.#model?.url ?? "",
      state,
      recorder: this.#recorder,
      ledger: this.#ledger,
      pending: this.#pending,
      random: new Random(`${seed}/life ${state.life}`),
      name: `s${seed}l${state.life}`,
      phase: phase ?? "streaming",
      depth: this.#options.depth,
      violate: (violation) => this.#violate(violation),
    });
    await life.start(fault);
    return life;
  }

  #file(life: number): string {
    return join(this.#records, `${String(life).padStart(5, "0")}.jsonl`);
  }

  /** Copies before migrations are kept for days; the newest is enough here. */
  #dropCopies(): void {
    const directory = join(this.#options.root, "data");
    const names = readdirSync(directory, { recursive: false }).map(String);
    const copies = names.filter((name) => /^holdfast\.db\.v\d+\.copy$/.test(name));
    const newest = Math.max(...copies.map((name) => Number(/\d+/.exec(name)?.[0])));
    for (const name of copies)
      if (!name.endsWith(`.v${newest}.copy`)) rmSync(join(directory, name), { force: true });
  }

  #killAgents(): void {
    for (const pid of this.#state.orphans) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It was gone already.
      }
    }
  }

  async #finish(life: TortureLife): Promise<void> {
    await this.#recorder.drain();
    this.#read(this.#state.life);
    if (life.failure !== undefined) this.#violate(life.failure);
  }

  #read(life: number): void {
    const exchanges = readRecords(this.#file(life));
    this.#ledger.take(exchanges);
    this.#pending.take(exchanges);
  }

  #tally({ withAgents, trigger }: Kill, phase: Phase | undefined): void {
    const { tally } = this.#state;
    if (phase === undefined) {
      tally.elsewhere += 1;
      return;
    }
    const counted = tally.phases[phase];
    const how = trigger.by === "fault" ? trigger.plan.replace(/:\d+$/, "") : nameOf(trigger);
    counted.kills += 1;
    counted.withAgents += withAgents ? 1 : 0;
    counted.triggers[how] = (counted.triggers[how] ?? 0) + 1;
  }

  #violate(violation: string): void {
    const { violations } = this.#state.tally;
    if (violations.includes(violation)) return;
    this.#options.say(`VIOLATION in life ${this.#state.life}: ${violation}`);
    violations.push(violation);
  }

  /** A life without a kill: everything comes to rest, and resumed streams, replays and rows must tell the same. */
  async #rest(): Promise<void> {
    const life = await this.#begin(undefined);
    const picture = await life.comeToRest();
    await this.#finish(life);
    life.judgeAtRest(picture);
    const state = this.#state;
    state.orphans = agentsOf(this.#options.root);
    if (state.orphans.length > 0)
      this.#violate(`a server that ended politely left ${state.orphans.join(", ")}`);
    count(state.tally, this.#ledger, state);
    state.tally.rests += 1;
    const earlier = [...state.retired, ...state.sessions.map(({ id }) => id)];
    Object.assign(state, carryOver(this.#ledger, picture.listed, earlier));
    state.sessions = [];
    if (state.tally.violations.length === 0)
      for (let old = state.setFrom; old <= state.life; old += 1) rmSync(this.#file(old), { force: true });
    state.setFrom = state.life + 1;
    this.#ledger = new Ledger(state);
  }

  #calls(): TortureReport["calls"] {
    const { begun, done } = readCallLog(this.#options.root);
    return { begun: begun.length, done: done.length, interrupted: begun.length - done.length };
  }

  #report(): TortureReport {
    const { seed, kills, depth, tally, life, startedAt, seconds } = this.#state;
    const phases = Object.values(tally.phases);
    return {
      kind: "torture",
      version: 1,
      seed,
      kills,
      depth,
      lives: life,
      withAgents: phases.reduce((sum, phase) => sum + phase.withAgents, 0),
      seconds,
      startedAt,
      endedAt: new Date().toISOString(),
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      calls: this.#calls(),
      ...tally,
    };
  }
}

const nameOf = (trigger: Exclude<Kill["trigger"], { by: "fault" }>): string => {
  if (trigger.by === "frame") return `at a ${trigger.frame}`;
  if (trigger.by === "file") return trigger.sign;
  return trigger.by === "time" ? "after its start" : "after SIGTERM";
};

/** Where it fell: a fault may come before the phase that it was meant for, in recovery or while the server starts. */
function whereOf({ phase, trigger }: Kill, isReady: boolean, wasAsked: boolean): Phase | undefined {
  const isEarly = phase === "recovery" || phase === "start-up" || phase === "migration";
  if (isEarly) return isReady ? undefined : phase;
  if (!isReady) return trigger.by === "fault" && trigger.plan.startsWith("turn.") ? "recovery" : "start-up";
  return phase === "shutdown" && !wasAsked ? "checkpoint" : phase;
}
