import { placesOfEvent, placesOfRow, type RowKind } from "./places.ts";

/** Whose rows they are: the rehearsal agent and other scripts of the tests, real programs over ACP, opencode by its own server, and Holdfast's own agent. */
export const BACKENDS = ["rehearsal", "ACP agents", "opencode", "native"] as const;
export type Backend = (typeof BACKENDS)[number];

/** How many rows fill a place, by backend. */
export type Counts = Record<string, Partial<Record<Backend, number>>>;

const REAL: Record<string, Backend> = {
  opencode: "opencode",
  "opencode-acp": "ACP agents",
  goose: "ACP agents",
  qwen: "ACP agents",
};

type Row = Record<string, unknown>;

/** Rows of sessions, each under the backend of its agent. `isReal`: the agents are what their names say. */
export class Tally {
  readonly counts: Counts = {};
  readonly #isReal: boolean;
  /** By session, turn, message and the rest: whose rows they are. */
  readonly #agents = new Map<unknown, string>();

  constructor(isReal: boolean) {
    this.#isReal = isReal;
  }

  row(kind: RowKind, row: Row): void {
    this.#add(placesOfRow(kind, row), this.#agentOf(row));
  }

  /** An event of the feed of everything, as it came. */
  event(type: string, event: Row): void {
    const data = (event["data"] ?? {}) as Row;
    const row = Object.values(data).find((value) => typeof value === "object" && value !== null) as
      | Row
      | undefined;
    const told = this.#agentOf({ ...event, ...data, ...row });
    // A replay may tell of a row before that of its agent; the database is read as well.
    const agent = told ?? (event["sessionId"] === undefined ? "" : undefined);
    this.#add(placesOfEvent(type, data), agent);
    this.#add(placesOfRow("Actor", event["actor"]), agent);
  }

  #agentOf(row: Row): string | undefined {
    const { id, agent, messageId, turnId, sessionId } = row;
    const told =
      typeof agent === "string"
        ? agent
        : [messageId, turnId, sessionId].map((one) => this.#agents.get(one)).find(Boolean);
    if (id !== undefined && told !== undefined) this.#agents.set(id, told);
    return told;
  }

  #add(places: Iterable<string>, agent: string | undefined): void {
    if (agent === undefined) return;
    const backend = agent.startsWith("native:")
      ? "native"
      : ((this.#isReal ? REAL[agent] : undefined) ?? "rehearsal");
    for (const place of places) {
      const counts = (this.counts[place] ??= {});
      counts[backend] = (counts[backend] ?? 0) + 1;
    }
  }
}
