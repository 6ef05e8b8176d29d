/** One session of a soak: it says only words of its own, knows its last one, and holds every answer against both. */
import type { Turn } from "@holdfast/protocol";
import { type HoldfastProcess, until } from "../harness/index.ts";

/** How long a turn may take until it counts as stuck: the places of the pool are few, and the machine may be busy. */
export const TURN_MS = 180_000;
/** Kills of one agent session within A-17's span that leave its circuit closed. */
const KILLS_PER_SPAN = 2;
const SPAN_MS = 65_000;

const SLOW = "SLOW 3000 20";

export type Complaint = { session: number; turn: string; what: string };

/** What a soak counts besides. */
export type Counts = Record<string, number>;

export type TalkDeps = {
  server: HoldfastProcess;
  index: number;
  sessionId: string;
  /** The scripted model reads the script, and needs to know where a turn begins. */
  isScripted: boolean;
  /** kill -9 to what the process table says is this session's agent; false when there is none. */
  killAgent(sessionId: string): boolean;
  counts: { outcomes: Counts; openings: Counts; kinds: Counts };
  complain(complaint: Complaint): void;
};

export class Talk {
  readonly #deps: TalkDeps;
  #turns = 0;
  #word = "";
  #kills: number[] = [];

  constructor(deps: TalkDeps) {
    this.#deps = deps;
  }

  async remember(): Promise<void> {
    const word = this.#mark("w");
    const { turn } = await this.#ask("remember", `REMEMBER ${word}`);
    this.#expect(turn, "completed");
    this.#word = word;
  }

  async recall(): Promise<void> {
    const { turn, text } = await this.#ask("recall", "RECALL");
    this.#expect(turn, "completed");
    if (!text.includes(this.#word)) this.#complain(turn, `did not know ${this.#word}: ${text.slice(-200)}`);
  }

  async write(): Promise<void> {
    const { turn } = await this.#ask("write", `WRITE ${this.#mark("f")}.txt ${this.#mark("f")}`, "SAY done");
    this.#expect(turn, "completed");
  }

  async burst(): Promise<void> {
    const first = await this.#admit("burst", "SLOW 20 20");
    const second = await this.#admit("burst", "RECALL");
    this.#expect((await this.#end(first)).turn, "completed");
    const { turn, text } = await this.#end(second);
    this.#expect(turn, "completed");
    if (!text.includes(this.#word)) this.#complain(turn, `did not know ${this.#word}: ${text.slice(-200)}`);
  }

  /** Cancels a turn as soon as it is admitted, or in mid-stream. */
  async cancel(whenQueued: boolean): Promise<void> {
    const turn = await this.#admit("cancel", SLOW);
    if (!whenQueued) await this.#streamed(turn);
    await this.#deps.server.client.cancelTurn(turn.id);
    this.#expect((await this.#end(turn)).turn, "aborted/cancelled");
  }

  /** Kills the agent in mid-stream; a turn is cancelled instead where another kill would open the circuit. */
  async kill(): Promise<void> {
    const now = performance.now();
    this.#kills = this.#kills.filter((time) => now - time < SPAN_MS);
    if (this.#kills.length >= KILLS_PER_SPAN) return this.cancel(false);
    this.#kills.push(now);
    const turn = await this.#admit("kill", SLOW);
    await this.#streamed(turn);
    if (!this.#deps.killAgent(this.#deps.sessionId)) this.#complain(turn, "no process in the table");
    this.#expect((await this.#end(turn)).turn, "failed/crashed");
  }

  #mark(kind: string): string {
    return `s${this.#deps.index}${kind}${this.#turns}`;
  }

  async #ask(kind: string, ...lines: string[]): Promise<{ turn: Turn; text: string }> {
    return this.#end(await this.#admit(kind, ...lines));
  }

  async #admit(kind: string, ...lines: string[]): Promise<Turn> {
    const { server, sessionId, counts, isScripted } = this.#deps;
    this.#turns += 1;
    add(counts.kinds, kind);
    const head = isScripted ? [`#turn ${this.#turns}`] : [];
    const text = [...head, `SAY ${this.#mark("t")}`, ...lines].join("\n");
    return (await server.client.admitInput(sessionId, { parts: [{ type: "text", text }] })).turn;
  }

  /** The ended turn and what it said. A turn that does not end stops the soak. */
  async #end({ id }: Turn): Promise<{ turn: Turn; text: string }> {
    const turn = await until(
      `the end of turn ${id} of session ${this.#deps.index}`,
      async () => {
        const seen = await this.#deps.server.client.getTurn(id);
        return ["completed", "failed", "aborted"].includes(seen.state) ? seen : undefined;
      },
      TURN_MS,
    );
    const text = await this.#textOf(turn);
    add(this.#deps.counts.outcomes, outcomeOf(turn));
    if (turn.openedBy !== undefined) add(this.#deps.counts.openings, `${turn.opened} by ${turn.openedBy}`);
    for (const [mark, session] of text.matchAll(/\bs(\d+)[a-z]\d+\b/g)) {
      if (Number(session) !== this.#deps.index) this.#complain(turn, `cross-talk: ${mark}`);
    }
    return { turn, text };
  }

  async #streamed({ id }: Turn): Promise<void> {
    await until(
      `the stream of turn ${id}`,
      async () => {
        const turn = await this.#deps.server.client.getTurn(id);
        return (await this.#textOf(turn)).includes("w5 ");
      },
      TURN_MS,
    );
  }

  async #textOf({ assistantMessageIds }: Turn): Promise<string> {
    const { items } = await this.#deps.server.client.listMessages(this.#deps.sessionId, { limit: 10 });
    return items
      .filter(({ info }) => assistantMessageIds.includes(info.id))
      .flatMap((message) => message.parts)
      .map((part) => (part.type === "text" ? part.text : ""))
      .join("");
  }

  #expect(turn: Turn, expected: string): void {
    if (outcomeOf(turn) !== expected)
      this.#complain(turn, `${outcomeOf(turn)}, not ${expected}: ${JSON.stringify(turn.error)}`);
  }

  #complain({ id }: Turn, what: string): void {
    this.#deps.complain({ session: this.#deps.index, turn: id, what });
  }
}

const outcomeOf = ({ state, reason }: Turn): string => (reason === undefined ? state : `${state}/${reason}`);

export function add(counts: Counts, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
