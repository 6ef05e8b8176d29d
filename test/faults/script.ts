/** A little of everything that a server does, in a fixed order: what is refused or not answered is left, as a client would whose patience ends. */
import { join } from "node:path";
import type { Admitted, Permission, Question, Session, SessionId } from "@holdfast/protocol";
import { SUBTASK_PROMPT } from "../torture/prompts.ts";
import type { LiveFrame, Recorder } from "../torture/recorder.ts";

const PROJECT = join(import.meta.dirname, "..", "..", "tmp", "faults-project");

/** Two workspaces, so that sessions work beside each other and wait for each other too. */
export const PLACES = [PROJECT, join(PROJECT, "other")] as const;
/** How long a turn is waited for that may never end, because of what failed in it, in ms. */
const STEP_MS = 10_000;

export class Script {
  readonly sessions: SessionId[] = [];
  readonly #recorder: Recorder;
  readonly #name: string;
  readonly #ended = new Map<string, () => void>();
  #count = 0;
  #isOver = false;

  constructor(recorder: Recorder, name: string) {
    this.#recorder = recorder;
    this.#name = name;
  }

  giveUp(): void {
    this.#isOver = true;
    for (const end of this.#ended.values()) end();
  }

  async run(_url: string): Promise<void> {
    const asks = await this.#session("ask", PLACES[0]);
    const acts = await this.#session("all", PLACES[1]);
    const goes = await this.#session("all", PLACES[0]);
    const first = await this.#admit(asks, "ASK may I\nSAY thank you");
    const long = await this.#admit(acts, "SLOW 400 5");
    const queued = [
      await this.#admit(acts, "SAY two"),
      await this.#admit(acts, "SAY three"),
      await this.#admit(acts, "SAY four"),
    ];
    const ids = queued.flatMap((one) => (one === undefined ? [] : [one.input.id]));
    if (ids[0] !== undefined)
      await this.#send("PATCH", `/api/inputs/${ids[0]}`, {
        parts: [{ type: "text", text: `SAY edited ${this.#mark()}` }],
      });
    if (acts !== undefined && ids.length === 3)
      await this.#send("POST", `/api/sessions/${acts}/queue/reorder`, { inputIds: [ids[2], ids[0]] });
    if (ids[1] !== undefined) await this.#send("DELETE", `/api/inputs/${ids[1]}`);
    await this.#send("PATCH", `/api/sessions/${acts}`, { title: `Renamed ${this.#mark()}` });
    if (long !== undefined) await this.#send("POST", `/api/turns/${long.turn.id}/cancel`, {});
    await this.#endOf(long);
    await this.#send("POST", `/api/sessions/${acts}/queue/resume`, {});
    await this.#endOf(queued[2]);
    await this.#endOf(queued[0]);
    await this.#endOf(first);
    await this.#endOf(
      await this.#admit(asks, "THINK so\nPLAN one | two\nWAKE now SLOW 60 5 ; SAY woken\nSAY done"),
    );
    await this.#endOf(await this.#admit(acts, "OUTPUT 3000\nFAIL 500 on purpose"));
    await this.#endOf(await this.#admit(asks, "ASKFORM How many? | count!: integer 1..9"));
    await this.#endOf(await this.#admit(acts, "SAY half\nRETRY 5 slow down\nCOMPACT in short\nSAY on"));
    await this.#endOf(await this.#admit(acts, "SAY behind it", {}, [this.#subtask()]));
    if (goes !== undefined) await this.#send("DELETE", `/api/sessions/${goes}`);
    // The last ones are at work when the life ends.
    await this.#admit(acts, "SLOW 4000 5");
    await this.#admit(acts, "SAY behind it");
    await this.#endOf(await this.#admit(acts, "SAY into it", { delivery: "steer" }));
  }

  async #session(approvalMode: "ask" | "all", directory: string): Promise<SessionId | undefined> {
    const body = {
      directory,
      agent: "rehearsal",
      approvalMode,
      resumePolicy: "manual",
      title: "Faulty",
    };
    const session = (await this.#send("POST", "/api/sessions", body)) as Session | undefined;
    if (session === undefined) return undefined;
    this.sessions.push(session.id);
    const path = `/api/sessions/${session.id}/events?after=0`;
    this.#recorder.stream({ path, label: "chain" }, (frame) => this.#heard(frame));
    return session.id;
  }

  #admit(
    id: SessionId | undefined,
    text: string,
    more: object = {},
    before: readonly object[] = [],
  ): Promise<Admitted | undefined> {
    if (id === undefined) return Promise.resolve(undefined);
    const body = { parts: [...before, { type: "text", text: `SAY ${this.#mark()}.\n${text}` }], ...more };
    return this.#send("POST", `/api/sessions/${id}/inputs`, body) as Promise<Admitted | undefined>;
  }

  #subtask(): object {
    const prompt = `${SUBTASK_PROMPT}${this.#mark()}\nSLOW 10 4`;
    return { type: "subtask", agent: "rehearsal", description: "a part of it", prompt };
  }

  #heard({ event, data }: LiveFrame): void {
    if (!event.includes(".")) return;
    type Told = { turn?: { id: string }; permission?: Permission; question?: Question };
    const { turn, permission, question } = (data as { data: Told }).data;
    if (/^turn\.(completed|failed|aborted)$/.test(event) && turn !== undefined) this.#finish(turn.id);
    if (event === "permission.asked" && permission !== undefined)
      void this.#send("POST", `/api/permissions/${permission.id}/reply`, { reply: "once" });
    if (event === "question.asked" && question !== undefined)
      void this.#send("POST", `/api/questions/${question.id}/reply`, {
        action: "accept",
        content: { count: 3 },
      });
  }

  readonly #over = new Set<string>();

  #finish(id: string): void {
    this.#over.add(id);
    this.#ended.get(id)?.();
  }

  /** Until the stream tells the turn's end, or it takes too long. */
  #endOf(admitted: Admitted | undefined): Promise<void> {
    const id = admitted?.turn.id;
    if (id === undefined || this.#over.has(id) || this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(done, STEP_MS);
      const ended = this.#ended;
      function done(): void {
        clearTimeout(timer);
        ended.delete(id ?? "");
        resolve();
      }
      ended.set(id, done);
    });
  }

  async #send(method: string, path: string, body?: unknown): Promise<unknown> {
    if (this.#isOver) return undefined;
    const line = {
      method,
      path,
      key: this.#mark(),
      body: body === undefined ? undefined : JSON.stringify(body),
    };
    const received = await this.#recorder.request(line);
    return received !== undefined && received.status < 300 ? (received.body ?? null) : undefined;
  }

  #mark(): string {
    this.#count += 1;
    return `${this.#name}-${this.#count}`;
  }
}
