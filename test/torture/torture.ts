import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient, type HoldfastClient } from "@holdfast/client";
import type { Session } from "@holdfast/protocol";
import { type Kill, killPlan, PHASES, type Phase } from "./kill-plan.ts";
import { Ledger } from "./ledger.ts";
import { compareAtRest, judge, type Picture } from "./oracle.ts";
import { Random } from "./random.ts";
import { readRecords } from "./record-log.ts";
import { type LiveFrame, type Received, Recorder } from "./recorder.ts";
import { type ServerLife, startLife } from "./server-life.ts";
import { allTurns, takePicture } from "./take-picture.ts";
import { type Unanswered, Workload, type WorkSession } from "./workload.ts";

export type TortureOptions = { kills: number; seed: string; root: string; say: (line: string) => void };

export type TortureReport = {
  phases: Record<Phase, number>;
  withAgents: number;
  /** Kills whose planned instant did not come in time; they fell wherever the server was. */
  overdue: number;
  violations: string[];
  checked: {
    answers: number;
    frames: number;
    admissions: number;
    deltas: number;
    ends: number;
    replies: number;
  };
};

/** Lives on one set of sessions; then they are compared at rest, some are deleted, and new ones take their place. */
const KILLS_PER_SET = 10;
/** When a planned kill does not come to pass by itself, the server is killed after this long, in ms. */
const PATIENCE_MS = 6_000;
const REST_MS = 30_000;
/** How long a server that answers no more may take to be seen dead, in ms. */
const DEATH_MS = 5_000;

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
  readonly #random: Random;
  readonly #recorder = new Recorder();
  readonly #phases = Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Record<Phase, number>;
  readonly #violations = new Set<string>();
  readonly #checked = { answers: 0, frames: 0, admissions: 0, deltas: 0, ends: 0, replies: 0 };
  #ledger = new Ledger();
  #sessions: WorkSession[] = [];
  #unanswered: Unanswered[] = [];
  /** Agents that lived when the last server died. */
  #orphans: number[] = [];
  #life = 0;
  #withAgents = 0;
  #overdue = 0;
  #calls = 0;

  constructor(options: TortureOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  async all(): Promise<TortureReport> {
    const { kills, root } = this.#options;
    await mkdir(join(root, "records"), { recursive: true });
    const plan = killPlan(kills, this.#random);
    for (const [index, kill] of plan.entries()) {
      await this.#die(kill);
      if ((index + 1) % KILLS_PER_SET === 0 || index + 1 === plan.length) await this.#rest();
    }
    return {
      phases: this.#phases,
      withAgents: this.#withAgents,
      overdue: this.#overdue,
      violations: [...this.#violations],
      checked: this.#checked,
    };
  }

  close(): Promise<void> {
    return this.#recorder.close();
  }

  /** One life that ends with this kill. */
  async #die(kill: Kill): Promise<void> {
    const life = await this.#begin(kill.trigger.by === "fault" ? kill.trigger.plan : undefined);
    const timer = kill.trigger.by === "time" ? setTimeout(() => life.kill(), kill.trigger.ms) : undefined;
    const url = await life.ready;
    if (url !== undefined && kill.phase !== "start-up") await this.#work(life, url, kill);
    if (kill.trigger.by !== "time") life.kill();
    await life.dead;
    clearTimeout(timer);
    this.#orphans = life.agents();
    if (kill.withAgents) this.#killAgents();
    this.#phases[url === undefined ? diedEarly(kill) : kill.phase] += 1;
    await this.#finish();
    this.#options.say(
      `${String(this.#life).padStart(4)} ${kill.phase}${kill.withAgents ? " +agents" : ""} ${JSON.stringify(kill.trigger)} ${url === undefined ? "(before ready)" : ""}`,
    );
  }

  async #begin(fault: string | undefined): Promise<ServerLife> {
    this.#life += 1;
    this.#recorder.begin(this.#file());
    return startLife(this.#options.root, fault);
  }

  #file(): string {
    return join(this.#options.root, "records", `${String(this.#life).padStart(5, "0")}.jsonl`);
  }

  #killAgents(): void {
    this.#withAgents += 1;
    for (const pid of this.#orphans) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It was gone already.
      }
    }
  }

  async #finish(): Promise<void> {
    await this.#recorder.drain();
    this.#ledger.take(readRecords(this.#file()));
  }

  async #work(life: ServerLife, url: string, kill: Kill): Promise<void> {
    const token = await life.token();
    this.#recorder.target(url, token);
    const client = createClient({ url, token, limits: { retries: 0, requestTimeoutMs: 10_000 } });
    try {
      await this.#check(client, life);
      await this.#repeatUnanswered();
      await this.#ensureSessions();
    } catch (error) {
      // The planned kill may fall into the checks; anything else is a failure of the server that lives.
      const died = await Promise.race([life.dead.then(() => true), delay(DEATH_MS, false)]);
      if (!died) throw error;
      return;
    }
    const workload = new Workload(
      this.#recorder,
      this.#random,
      kill.phase,
      `s${this.#options.seed}l${this.#life}`,
    );
    let left = kill.trigger.by === "frame" ? kill.trigger.count : Number.POSITIVE_INFINITY;
    const hear = (frame: LiveFrame) => {
      if (kill.trigger.by === "frame" && matches(frame, kill.trigger.frame) && (left -= 1) === 0) life.kill();
      if (frame.event.includes(".")) workload.heard(frame);
    };
    const streams = this.#sessions.map(({ id }) => {
      const cursor = this.#ledger.cursor(id);
      const line = {
        path: `/api/sessions/${id}/events?after=0`,
        lastEventId: String(cursor),
        label: "chain" as const,
      };
      return this.#recorder.stream(line, hear);
    });
    const working = workload.run(this.#sessions);
    const { trigger } = kill;
    if (kill.phase === "shutdown")
      setTimeout(
        () => {
          life.child.kill("SIGTERM");
          if (trigger.by === "term") setTimeout(() => life.kill(), trigger.ms);
        },
        this.#random.int(100, 1_500),
      );
    const patience = setTimeout(() => {
      this.#overdue += 1;
      life.kill();
    }, PATIENCE_MS);
    await life.dead;
    clearTimeout(patience);
    workload.end();
    await Promise.all([working, ...streams.map(({ ended }) => ended)]);
    this.#unanswered.push(...workload.unanswered);
  }

  /** Requests of earlier lives that nobody answered: repeated with their keys, they must exist once. */
  async #repeatUnanswered(): Promise<void> {
    for (const { path, key, body } of this.#unanswered.splice(0)) {
      const received = await this.#recorder.request({ method: "POST", path, key, body });
      if (received === undefined || received.status === 503) this.#unanswered.push({ path, key, body });
    }
  }

  async #ensureSessions(): Promise<void> {
    const modes = ["ask", "all", "all"] as const;
    while (this.#sessions.length < modes.length) {
      const approvalMode = modes[this.#sessions.length] ?? "ask";
      const directory = join(this.#options.root, "project");
      const body = { directory, approvalMode, title: "Tortured" };
      const received = await this.#call("POST", "/api/sessions", body);
      const { id } = received.body as Session;
      this.#sessions.push({ id, approvalMode });
    }
    for (const { id } of this.#sessions) await this.#call("POST", `/api/sessions/${id}/queue/resume`, {});
  }

  /** A command through the recorder: what was asked decides what may change. Rejects without a complete 2xx. */
  async #call(method: string, path: string, body?: object): Promise<Received> {
    const key = `t${this.#options.seed}-${(this.#calls += 1)}`;
    const line = { method, path, key, body: body && JSON.stringify(body) };
    const received = await this.#recorder.request(line);
    if (received === undefined || received.status >= 300)
      throw new Error(`${method} ${path}: ${JSON.stringify(received)}`);
    return received;
  }

  async #check(client: HoldfastClient, life: ServerLife): Promise<void> {
    const picture = await this.#picture(client, life);
    for (const violation of judge(this.#ledger, picture)) this.#violate(violation);
  }

  #violate(violation: string): void {
    if (!this.#violations.has(violation)) this.#options.say(`VIOLATION in life ${this.#life}: ${violation}`);
    this.#violations.add(violation);
  }

  async #picture(client: HoldfastClient, life: ServerLife): Promise<Picture> {
    const address = { url: (await life.ready) ?? "", token: await life.token() };
    const ids = this.#sessions.map(({ id }) => id);
    const alive = life.agents();
    const survivors = this.#orphans.filter((pid) => alive.includes(pid));
    return takePicture(client, address, ids, { startedAt: life.startedAt, survivors });
  }

  /** A life without a kill: everything comes to rest, and resumed streams, replays and rows must tell the same. */
  async #rest(): Promise<void> {
    const life = await this.#begin(undefined);
    const url = await life.ready;
    if (url === undefined) throw new Error(`The server did not start:\n${life.stderr}`);
    const token = await life.token();
    this.#recorder.target(url, token);
    const client = createClient({ url, token });
    await this.#check(client, life);
    await this.#repeatUnanswered();
    for (const { id } of this.#sessions) await this.#settle(client, id);
    const streams = this.#sessions.map(({ id }) => {
      let caughtUp: () => void = () => undefined;
      const done = new Promise<void>((resolve) => (caughtUp = resolve));
      const line = {
        path: `/api/sessions/${id}/events?after=0`,
        lastEventId: String(this.#ledger.cursor(id)),
        label: "chain" as const,
      };
      const stream = this.#recorder.stream(line, (frame) => frame.event === "caught-up" && caughtUp());
      return { stream, done };
    });
    await Promise.all(streams.map(({ done }) => done));
    for (const { stream } of streams) stream.cut();
    await Promise.all(streams.map(({ stream }) => stream.ended));
    const picture = await this.#picture(client, life);
    await this.#finish();
    for (const violation of [...judge(this.#ledger, picture), ...compareAtRest(this.#ledger, picture)])
      this.#violate(violation);
    this.#count();
    life.child.kill("SIGTERM");
    await life.dead;
    this.#orphans = life.agents();
    if (this.#orphans.length > 0)
      this.#violate(`a server that ended politely left ${this.#orphans.join(", ")}`);
    this.#sessions = [];
    this.#unanswered = [];
    this.#ledger = new Ledger();
  }

  /** Stops what runs, empties the queue, and waits until nothing is live. */
  async #settle(client: HoldfastClient, id: string): Promise<void> {
    const deadline = performance.now() + REST_MS;
    for (;;) {
      for (const input of (await client.listInputs(id, { state: "queued" })).items)
        await this.#call("DELETE", `/api/inputs/${input.id}`).catch(() => undefined);
      const live = (await allTurns(client, id)).filter(({ state }) =>
        ["queued", "running", "finalizing"].includes(state),
      );
      if (live.length === 0) return;
      for (const turn of live) await this.#call("POST", `/api/turns/${turn.id}/cancel`, {});
      if (performance.now() > deadline)
        throw new Error(`Session ${id} does not come to rest: ${JSON.stringify(live[0])}`);
      await delay(50);
    }
  }

  #count(): void {
    const { answers, frames, admissions, deltas, ends, replies } = this.#ledger;
    this.#checked.answers += answers;
    this.#checked.frames += frames;
    this.#checked.admissions += admissions.size;
    this.#checked.deltas += deltas.length;
    this.#checked.ends += ends.size;
    this.#checked.replies += replies.size;
  }
}

/** A fault that was meant for later and came while the server recovered, or before it did. */
function diedEarly({ phase, trigger }: Kill): Phase {
  if (phase === "recovery" || phase === "start-up") return phase;
  return trigger.by === "fault" && trigger.plan.startsWith("turn.") ? "recovery" : "start-up";
}

function matches(frame: LiveFrame, kind: "delta" | "tool" | "permission"): boolean {
  if (kind === "delta") return frame.event === "message.part.delta";
  if (kind === "permission") return frame.event === "permission.asked";
  const { data } = frame.data as { data: { part?: { type: string; state?: { status: string } } } };
  return (
    frame.event === "message.part.updated" &&
    data.part?.type === "tool" &&
    data.part.state?.status === "running"
  );
}
