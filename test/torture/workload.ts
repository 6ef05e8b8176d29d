/**
 * Gives the sessions of one life work until the server dies: admissions, queues that are edited, ordered, emptied and held, stops, answers, renames,
 * deletions; all through the recorder, each with a key of its own.
 */
import type { Admitted, Permission, Question } from "@holdfast/protocol";
import type { Phase } from "./kill-plan.ts";
import { answerTo, partsFor, promptFor } from "./prompts.ts";
import type { Random } from "./random.ts";
import type { LiveFrame, Recorder } from "./recorder.ts";

/** `agent` is known once the server was asked. */
export type WorkSession = { id: string; agent?: string };

export type WorkOptions = {
  recorder: Recorder;
  random: Random;
  phase: Phase;
  /** Differs in every life: keys and prompts are made of it. */
  name: string;
  /** The torture's directory. */
  root: string;
  /** Sessions whose time is over. */
  retired: readonly string[];
};

const TURN_MS = 4_000;
/** How long a stopped queue is left alone at most, in ms. */
const MOST_PAUSE_MS = 200;
/** Attempts to delete a session that is busy still, and ms between them. */
const DELETE_TRIES = 5;
const DELETE_PAUSE_MS = 200;

export class Workload {
  readonly #options: WorkOptions;
  readonly #ends = new Map<string, () => void>();
  #count = 0;
  #isOver = false;

  constructor(options: WorkOptions) {
    this.#options = options;
  }

  /** Nothing more is begun; what waits goes on at once. */
  end(): void {
    this.#isOver = true;
    for (const end of this.#ends.values()) end();
  }

  /** What a session's stream says: ends of turns wake who waits, requests are answered. */
  heard(frame: LiveFrame): void {
    const { data } = frame.data as {
      data: { turn?: { id: string }; permission?: Permission; question?: Question };
    };
    if (/^turn\.(completed|failed|aborted)$/.test(frame.event) && data.turn !== undefined)
      this.#ends.get(data.turn.id)?.();
    if (frame.event === "permission.asked" && data.permission !== undefined)
      void this.#reply("permissions", data.permission.id, () => ({
        reply: this.#options.random.pick(["once", "once", "reject"] as const),
      }));
    const { question } = data;
    if (frame.event === "question.asked" && question !== undefined)
      void this.#reply("questions", question.id, () => answerTo(this.#options.random, question));
  }

  async run(sessions: readonly WorkSession[]): Promise<void> {
    await Promise.all([...sessions.map((session) => this.#work(session)), this.#retire()]);
  }

  async #work({ id, agent }: WorkSession): Promise<void> {
    const { random } = this.#options;
    const isNative = agent?.startsWith("native:") === true;
    while (!this.#isOver) {
      const count = 1 + (random.chance(0.4) ? random.int(1, 4) : 0);
      const answers = await Promise.all(Array.from({ length: count }, () => this.#admit(id, isNative)));
      const admitted = answers.filter((answer) => answer !== undefined);
      if (random.chance(0.25)) await this.#send("PATCH", `/api/sessions/${id}`, { title: this.#mark() });
      await this.#changeQueue(id, admitted, isNative);
      for (const { turn } of admitted) {
        const isCancelled = random.chance(0.25);
        if (isCancelled) await this.#send("POST", `/api/turns/${turn.id}/cancel`, {});
        await this.#ended(turn.id);
        if (isCancelled) await this.#letGoOn(id);
      }
    }
  }

  /** Behind a stop the queue waits until somebody lets it go on (D-6). */
  async #letGoOn(id: string): Promise<void> {
    await new Promise((resume) => setTimeout(resume, this.#options.random.int(0, MOST_PAUSE_MS)));
    await this.#send("POST", `/api/sessions/${id}/queue/resume`, {});
  }

  #admit(id: string, isNative: boolean): Promise<Admitted | undefined> {
    const { random, phase } = this.#options;
    const text = this.#prompt(id, isNative);
    const delivery = random.chance(0.15) ? { delivery: "steer" } : {};
    const body = { parts: partsFor(text, phase, random), ...delivery };
    return this.#send("POST", `/api/sessions/${id}/inputs`, body) as Promise<Admitted | undefined>;
  }

  /** Edits, orders and removes what waits; some of it has been delivered meanwhile, and is refused. */
  async #changeQueue(id: string, admitted: readonly Admitted[], isNative: boolean): Promise<void> {
    const { random } = this.#options;
    if (admitted.length < 2) return;
    const ids = admitted.map(({ input }) => input.id);
    const some = () => random.pick(ids);
    if (random.chance(0.4)) {
      const text = this.#prompt(id, isNative);
      await this.#send("PATCH", `/api/inputs/${some()}`, { parts: [{ type: "text", text }] });
    }
    if (random.chance(0.5)) {
      const inputIds = random.shuffle(ids.slice(1));
      await this.#send("POST", `/api/sessions/${id}/queue/reorder`, { inputIds });
    }
    if (random.chance(0.3)) await this.#send("DELETE", `/api/inputs/${some()}`);
  }

  async #retire(): Promise<void> {
    for (const id of this.#options.retired) {
      if (!this.#options.random.chance(0.7)) continue;
      for (let left = DELETE_TRIES; left > 0 && !this.#isOver; left -= 1) {
        if ((await this.#send("DELETE", `/api/sessions/${id}`)) !== undefined) break;
        await new Promise((resume) => setTimeout(resume, DELETE_PAUSE_MS));
      }
    }
  }

  /** The body of a 2xx answer, `null` when it has none; undefined when it was refused or did not come. */
  async #send(method: string, path: string, body?: unknown): Promise<unknown> {
    if (this.#isOver) return undefined;
    const key = `${this.#options.name}-${(this.#count += 1)}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const received = await this.#options.recorder.request({ method, path, key, body: text });
    // Nobody is there any more; what would be asked now would never arrive.
    if (received === undefined) this.#isOver = true;
    return received !== undefined && received.status < 300 ? (received.body ?? null) : undefined;
  }

  #prompt(id: string, isNative: boolean): string {
    return promptFor({ ...this.#options, isNative, mark: `${this.#mark()}-${id.slice(-6)}` });
  }

  #mark(): string {
    return `${this.#options.name}-${(this.#count += 1)}`;
  }

  /** Now and then two answer at once; one of them must be refused. */
  async #reply(inbox: "permissions" | "questions", id: string, answer: () => object): Promise<void> {
    const answers = Array.from({ length: this.#options.random.chance(0.2) ? 2 : 1 }, answer);
    const path = `/api/${inbox}/${id}/reply`;
    await Promise.all(answers.map((body) => this.#send("POST", path, body)));
  }

  /** Until the stream tells the turn's end, the life is over, or the patience is. */
  #ended(turnId: string): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#ends.delete(turnId);
        resolve();
      };
      const timer = setTimeout(end, this.#isOver ? 0 : TURN_MS);
      this.#ends.set(turnId, end);
    });
  }
}
