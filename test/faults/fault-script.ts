/** What every script of faults does: sessions with their streams, requests through the recorder, answers to what is asked, and waiting for ends. */
import type { Admitted, Permission, Question, Session, SessionId } from "@holdfast/protocol";
import type { LiveFrame, Recorder } from "../torture/recorder.ts";

/** How long a turn is waited for that may never end, because of what failed in it, in ms. */
const STEP_MS = 10_000;

/** What is refused or not answered is left, as a client would whose patience ends. */
export abstract class FaultScript {
  readonly sessions: SessionId[] = [];
  readonly #recorder: Recorder;
  readonly #name: string;
  readonly #waiting = new Map<string, () => void>();
  /** Turns that have ended, and by which event. */
  readonly #over = new Map<string, string>();
  #count = 0;
  #isOver = false;

  constructor(recorder: Recorder, name: string) {
    this.#recorder = recorder;
    this.#name = name;
  }

  abstract run(): Promise<void>;

  giveUp(): void {
    this.#isOver = true;
    for (const end of this.#waiting.values()) end();
  }

  protected async session(kind: {
    agent: string;
    approvalMode: "ask" | "all";
    directory: string;
  }): Promise<SessionId | undefined> {
    const body = { ...kind, resumePolicy: "manual", title: "Faulty" };
    const session = (await this.send("POST", "/api/sessions", body)) as Session | undefined;
    if (session === undefined) return undefined;
    this.sessions.push(session.id);
    this.follow(session.id);
    return session.id;
  }

  /** `label`: what stream of the session it is to the ledger; only one of them is its chain. */
  protected follow(id: string, label: "chain" | "fresh" = "chain"): void {
    const path = `/api/sessions/${id}/events?after=0`;
    this.#recorder.stream({ path, label }, (frame) => this.#heard(frame));
  }

  protected admit(
    id: string | undefined,
    text: string,
    more: object = {},
    before: readonly object[] = [],
  ): Promise<Admitted | undefined> {
    if (id === undefined) return Promise.resolve(undefined);
    const body = { parts: [...before, { type: "text", text: this.promptOf(text) }], ...more };
    return this.send("POST", `/api/sessions/${id}/inputs`, body) as Promise<Admitted | undefined>;
  }

  /** Begins with what stands nowhere else. */
  protected promptOf(text: string): string {
    return `SAY ${this.mark()}.\n${text}`;
  }

  #heard({ event, data }: LiveFrame): void {
    if (!event.includes(".")) return;
    type Told = { turn?: { id: string }; permission?: Permission; question?: Question };
    const { turn, permission, question } = (data as { data: Told }).data;
    if (/^turn\.(completed|failed|aborted)$/.test(event) && turn !== undefined) {
      this.#over.set(turn.id, event);
      this.#waiting.get(turn.id)?.();
    }
    if (event === "permission.asked" && permission !== undefined)
      void this.send("POST", `/api/permissions/${permission.id}/reply`, { reply: "once" });
    if (event === "question.asked" && question !== undefined)
      void this.send("POST", `/api/questions/${question.id}/reply`, answerTo(question));
  }

  /** The event of the turn's end, or nothing where it takes longer than these ms. */
  protected async endOf(admitted: Admitted | undefined, ms = STEP_MS): Promise<string | undefined> {
    const id = admitted?.turn.id;
    if (id === undefined) return undefined;
    if (!this.#over.has(id) && !this.#isOver) await this.#end(id, ms);
    return this.#over.get(id);
  }

  #end(id: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting;
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        waiting.delete(id);
        resolve();
      }
      waiting.set(id, done);
    });
  }

  protected async send(method: string, path: string, body?: unknown): Promise<unknown> {
    if (this.#isOver) return undefined;
    const line = {
      method,
      path,
      key: this.mark(),
      body: body === undefined ? undefined : JSON.stringify(body),
    };
    const received = await this.#recorder.request(line);
    return received !== undefined && received.status < 300 ? (received.body ?? null) : undefined;
  }

  /** A word that stands nowhere else. */
  protected mark(): string {
    this.#count += 1;
    return `${this.#name}-${this.#count}`;
  }
}

function answerTo({ fields }: Question): object {
  const [field] = fields;
  return { action: "accept", content: { [field?.name ?? ""]: field?.type === "one" ? "two" : 3 } };
}
