/** One life in the torture: the start, the judgement of what is there, the work, and the end that was planned for it. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient, type HoldfastClient } from "@holdfast/client";
import type { Session } from "@holdfast/protocol";
import type { Kill, Phase } from "./kill-plan.ts";
import type { Ledger } from "./ledger.ts";
import { compareAtRest, judge, type Picture } from "./oracle.ts";
import type { Pending } from "./pending.ts";
import type { Random } from "./random.ts";
import type { LiveFrame, OpenStream, Received, Recorder } from "./recorder.ts";
import { promptsIn, SPENDER, type ServerLife, startLife } from "./server-life.ts";
import type { TortureState } from "./state.ts";
import { allTurns, takePicture } from "./take-picture.ts";
import type { Ambush } from "./trigger.ts";
import { Workload } from "./workload.ts";

export type LifeDeps = {
  root: string;
  modelUrl: string;
  state: TortureState;
  recorder: Recorder;
  ledger: Ledger;
  pending: Pending;
  random: Random;
  /** Of this life alone. */
  name: string;
  phase: Phase;
  depth: number;
  isNative: boolean;
  violate: (violation: string) => void;
};

/** When a planned kill does not come to pass by itself, the server is killed after this long, in ms. */
const PATIENCE_MS = 6_000;
const REST_MS = 30_000;
/** Looks in a row at which nothing was live. */
const STILL_LOOKS = 3;
/** How long a server that answers no more may take to be seen dead, in ms. */
const DEATH_MS = 5_000;
/** How long a server may take until it listens, in ms. */
const READY_MS = 120_000;

/** What each set of sessions is like. The first two take turns in one workspace, the others work beside them. */
const SESSIONS = [
  { approvalMode: "ask", resumePolicy: "manual", place: "project" },
  { approvalMode: "all", resumePolicy: "manual", place: "project", agent: SPENDER },
  { approvalMode: "all", resumePolicy: "auto", place: "project/a" },
  { approvalMode: "ask", resumePolicy: "never", place: "project/b", agent: SPENDER },
] as const;
/** Those of Holdfast's own agent, beside them where it is asked for. */
const NATIVE_SESSIONS = [
  { approvalMode: "all", resumePolicy: "auto", place: "project/c", agent: "native:build" },
  { approvalMode: "ask", resumePolicy: "manual", place: "project/d", agent: "native:build" },
] as const;

export class TortureLife {
  readonly #deps: LifeDeps;
  #server: ServerLife | undefined;
  #calls = 0;

  constructor(deps: LifeDeps) {
    this.#deps = deps;
  }

  get #life(): ServerLife {
    if (this.#server === undefined) throw new Error("The life has not begun.");
    return this.#server;
  }

  get #kinds() {
    return this.#deps.isNative ? [...SESSIONS, ...NATIVE_SESSIONS] : SESSIONS;
  }

  get failure(): string | undefined {
    return this.#life.failure;
  }

  async start(fault: string | undefined): Promise<void> {
    const { root, state, modelUrl } = this.#deps;
    this.#server = await startLife(root, { fault, level: state.level, modelUrl });
  }

  /** Works until the kill; answers whether the server came to listen. */
  async untilDeath(kill: Kill, ambush: Ambush): Promise<boolean> {
    const life = this.#life;
    ambush.started(life);
    const stuck = setTimeout(() => life.kill(), READY_MS);
    const url = await life.ready;
    clearTimeout(stuck);
    const isOver = ["start-up", "migration"].includes(kill.phase);
    if (url !== undefined && !isOver) await this.#work(url, ambush);
    if (url !== undefined || kill.trigger.by !== "time") life.kill();
    await life.dead;
    return url !== undefined;
  }

  async #work(url: string, ambush: Ambush): Promise<void> {
    const { recorder, random, phase, name, state, ledger, root } = this.#deps;
    const life = this.#life;
    const token = await life.token();
    recorder.target(url, token);
    const client = createClient({ url, token, limits: { retries: 0, requestTimeoutMs: 10_000 } });
    try {
      await this.#check(client, url, token);
      await this.#repeatUnanswered();
      await this.#ensureSessions();
      for (const session of state.sessions) session.agent ??= (await client.getSession(session.id)).agent;
    } catch (error) {
      // The planned kill may fall into the checks; anything else is a failure of the server that lives.
      const died = await Promise.race([life.dead.then(() => true), delay(DEATH_MS, false)]);
      if (!died) throw error;
      return;
    }
    const retired = state.retired.filter((id) => !ledger.deletions.has(id));
    const workload = new Workload({ recorder, random, phase, name, retired, root });
    const hear = (frame: LiveFrame) => {
      ambush.heard(frame);
      if (frame.event.includes(".")) workload.heard(frame);
    };
    const streams = state.sessions.map(({ id }) => this.#follow(id, hear));
    const working = workload.run(state.sessions);
    ambush.working(random.int(100, 800 + 700 * this.#deps.depth));
    const patience = setTimeout(() => life.kill(), PATIENCE_MS);
    await life.dead;
    clearTimeout(patience);
    workload.end();
    await Promise.all([working, ...streams.map(({ ended }) => ended)]);
  }

  /** The session's stream, from where the chain was cut. */
  #follow(id: string, hear: (frame: LiveFrame) => void): OpenStream {
    const { recorder, ledger } = this.#deps;
    const lastEventId = String(ledger.cursor(id));
    const path = `/api/sessions/${id}/events?after=0`;
    return recorder.stream({ path, lastEventId, label: "chain" }, hear);
  }

  async #check(client: HoldfastClient, url: string, token: string): Promise<Picture> {
    const { ledger, state, violate } = this.#deps;
    const picture = await this.#picture(client, url, token);
    for (const violation of judge(ledger, picture)) violate(violation);
    state.tally.judged += 1;
    return picture;
  }

  #picture(client: HoldfastClient, url: string, token: string): Promise<Picture> {
    const { state } = this.#deps;
    const alive = this.#life.agents();
    const survivors = state.orphans.filter((pid) => alive.includes(pid));
    const ids = state.sessions.map(({ id }) => id);
    const { root } = this.#deps;
    const facts = { startedAt: this.#life.startedAt, survivors, prompts: promptsIn(root), callsIn: root };
    return takePicture(client, { url, token }, ids, facts);
  }

  /** Commands of earlier lives that nobody answered: repeated with their keys, they must take effect once. */
  async #repeatUnanswered(): Promise<void> {
    const { pending, recorder, state } = this.#deps;
    for (const request of pending.all()) {
      const received = await recorder.request(request);
      if (received === undefined) throw new Error(`${request.path} was not answered.`);
      state.tally.repeated += 1;
      if (request.path === "/api/sessions" && received.status === 201) this.#adopt(received.body as Session);
    }
  }

  async #ensureSessions(): Promise<void> {
    const { state, root } = this.#deps;
    const kinds = this.#kinds;
    while (state.sessions.length < kinds.length) {
      const { place, ...kind } = kinds[state.sessions.length] ?? SESSIONS[0];
      const directory = join(root, place);
      await mkdir(directory, { recursive: true });
      const body = { directory, title: "Tortured", ...kind };
      this.#adopt((await this.#call("POST", "/api/sessions", body)).body as Session);
    }
    for (const { id } of state.sessions) await this.#call("POST", `/api/sessions/${id}/queue/resume`, {});
  }

  #adopt({ id }: Session): void {
    const { state } = this.#deps;
    if (state.sessions.length < this.#kinds.length) state.sessions.push({ id });
    else state.retired.push(id);
  }

  /** A command through the recorder: what was asked decides what may change. Rejects without a complete 2xx. */
  async #call(method: string, path: string, body?: object): Promise<Received> {
    const key = `${this.#deps.name}-c${(this.#calls += 1)}`;
    const line = { method, path, key, body: body && JSON.stringify(body) };
    const received = await this.#deps.recorder.request(line);
    if (received === undefined || received.status >= 300)
      throw new Error(`${method} ${path}: ${JSON.stringify(received)}`);
    return received;
  }

  /** A life without a kill; ends politely, after the picture that it answers. */
  async comeToRest(): Promise<Picture> {
    const life = this.#life;
    const url = await life.ready;
    if (url === undefined) throw new Error(`The server did not start:\n${life.stderr}`);
    const token = await life.token();
    const { recorder, state } = this.#deps;
    recorder.target(url, token);
    const client = createClient({ url, token });
    await this.#check(client, url, token);
    await this.#repeatUnanswered();
    for (const { id } of state.sessions) await this.#settle(client, id);
    const streams = state.sessions.map(({ id }) => {
      let caughtUp: () => void = () => undefined;
      const done = new Promise<void>((resolve) => (caughtUp = resolve));
      const stream = this.#follow(id, (frame) => frame.event === "caught-up" && caughtUp());
      return { stream, done };
    });
    await Promise.all(streams.map(({ done }) => done));
    for (const { stream } of streams) stream.cut();
    await Promise.all(streams.map(({ stream }) => stream.ended));
    const picture = await this.#picture(client, url, token);
    life.stop();
    await life.dead;
    return picture;
  }

  /** To be called when this life's records are in the ledger. */
  judgeAtRest(picture: Picture): void {
    const { ledger, violate } = this.#deps;
    for (const violation of [...judge(ledger, picture), ...compareAtRest(ledger, picture)])
      violate(violation);
  }

  /** Empties the queue, stops what runs, and waits until nothing is live. */
  async #settle(client: HoldfastClient, id: string): Promise<void> {
    const deadline = performance.now() + REST_MS;
    // What an agent does by itself may begin right behind a turn's end.
    for (let looks = 0; looks < STILL_LOOKS;) {
      for (const input of (await client.listInputs(id, { state: "queued" })).items)
        await this.#call("DELETE", `/api/inputs/${input.id}`).catch(() => undefined);
      const live = (await allTurns(client, id)).filter(({ state }) =>
        ["queued", "running", "finalizing"].includes(state),
      );
      looks = live.length === 0 ? looks + 1 : 0;
      for (const turn of live) await this.#call("POST", `/api/turns/${turn.id}/cancel`, {});
      if (performance.now() > deadline)
        throw new Error(`Session ${id} does not come to rest: ${JSON.stringify(live[0])}`);
      await delay(50);
    }
  }
}
