/** Gives the sessions of one life work until the server dies: admissions, queues, stops, answers, renames, all through the recorder. */
import type { Admitted, Permission } from "@holdfast/protocol";
import type { Phase } from "./kill-plan.ts";
import type { Random } from "./random.ts";
import type { LiveFrame, Received, Recorder } from "./recorder.ts";

/** A request that got no answer, to be repeated with its key in the next life (D-5). */
export type Unanswered = { path: string; key: string; body: string };

export type WorkSession = { id: string; approvalMode: "ask" | "all" };

const TURN_MS = 4_000;

export class Workload {
  readonly unanswered: Unanswered[] = [];
  readonly #recorder: Recorder;
  readonly #random: Random;
  readonly #phase: Phase;
  readonly #name: string;
  readonly #ends = new Map<string, () => void>();
  #count = 0;
  #isOver = false;

  constructor(recorder: Recorder, random: Random, phase: Phase, name: string) {
    this.#recorder = recorder;
    this.#random = random;
    this.#phase = phase;
    this.#name = name;
  }

  /** Nothing more is begun; what waits goes on at once. */
  end(): void {
    this.#isOver = true;
    for (const end of this.#ends.values()) end();
  }

  /** What a session's stream says: ends of turns wake who waits, requests are answered. */
  heard(frame: LiveFrame): void {
    const { data } = frame.data as { data: { turn?: { id: string }; permission?: Permission } };
    if (/^turn\.(completed|failed|aborted)$/.test(frame.event) && data.turn !== undefined)
      this.#ends.get(data.turn.id)?.();
    if (frame.event === "permission.asked" && data.permission !== undefined)
      void this.#reply(data.permission);
  }

  async run(sessions: readonly WorkSession[]): Promise<void> {
    await Promise.all(sessions.map((session) => this.#work(session)));
  }

  async #work(session: WorkSession): Promise<void> {
    while (!this.#isOver) {
      const extra = this.#random.chance(0.3) ? this.#random.int(1, 2) : 0;
      const admitted = await Promise.all(
        Array.from({ length: 1 + extra }, () => this.#admit(session, this.#prompt(session))),
      );
      if (this.#random.chance(0.2)) await this.#rename(session);
      for (const one of admitted) {
        if (one === undefined) continue;
        const isCancelled = this.#random.chance(0.25);
        if (isCancelled) await this.#post(`/api/turns/${one.turn.id}/cancel`, {});
        await this.#ended(one.turn.id);
        if (isCancelled) await this.#post(`/api/sessions/${session.id}/queue/resume`, {});
      }
    }
  }

  #admit(session: WorkSession, text: string): Promise<Admitted | undefined> {
    const body = { parts: [{ type: "text", text }] };
    return this.#post(`/api/sessions/${session.id}/inputs`, body, true) as Promise<Admitted | undefined>;
  }

  async #post(path: string, body: unknown, repeats = false): Promise<unknown> {
    if (this.#isOver) return undefined;
    const key = `${this.#name}-${(this.#count += 1)}`;
    const line = { method: "POST", path, key, body: JSON.stringify(body) };
    const received: Received | undefined = await this.#recorder.request(line);
    if (received === undefined || received.status === 503) {
      if (repeats) this.unanswered.push({ path, key, body: line.body });
      return undefined;
    }
    return received.status < 300 ? received.body : undefined;
  }

  async #rename(session: WorkSession): Promise<void> {
    const title = `${this.#name} ${(this.#count += 1)}`;
    const line = { method: "PATCH", path: `/api/sessions/${session.id}`, body: JSON.stringify({ title }) };
    await this.#recorder.request(line);
  }

  async #reply(permission: Permission): Promise<void> {
    const reply = this.#random.pick(["once", "once", "reject"] as const);
    await this.#post(`/api/permissions/${permission.id}/reply`, { reply });
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

  /** A prompt whose first line is its own everywhere; what follows suits the phase more often than not. */
  #prompt(session: WorkSession): string {
    const random = this.#random;
    const mark = `SAY ${this.#name}-${session.id.slice(-6)}-${(this.#count += 1)}.`;
    const kinds: Record<string, () => string> = {
      streaming: () => `SLOW ${random.int(20, 200)} ${random.int(1, 8)}`,
      tool: () =>
        random.chance(0.5)
          ? "BASH for i in 1 2 3 4 5 6; do echo line $i; sleep 0.03; done"
          : `OUTPUT ${random.int(100, 30_000)}\nWRITE notes-${random.int(1, 5)}.txt some text`,
      permission: () => "ASK may I go on",
      finalization: () => "THINK a little\nPLAN one | two",
      other: () =>
        random.pick(["SPAWN\nSLOW 20 5", "REMEMBER heron\nRECALL", "FAIL 500 on purpose", "SLOW 5 0"]),
    };
    const suited = kinds[this.#phase];
    const kind = suited !== undefined && random.chance(0.7) ? suited : random.pick(Object.values(kinds));
    return `${mark}\n${kind()}`;
  }
}
