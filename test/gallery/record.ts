/**
 * `node test/gallery/record.ts [name...]`: records the sessions of the page's gallery from a real server: the rehearsal agent, recorded streams of real
 * agents, and one call of every kind. Without names all of them (about two and a half minutes: a turn counts as stalled after two).
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ApprovalMode, SessionEvent } from "@holdfast/protocol";
import { type HoldfastProcess, REHEARSAL, startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { recordPanels } from "./panels.ts";

const FOLDER = join(import.meta.dirname, "../../packages/web/test/gallery/recordings");
const AGENT = join(import.meta.dirname, "agent.ts");
/** Longest wait for what a recording ends with, in ms. */
const WAIT_MS = 180_000;
/** Where the sessions say that they took place. */
const HOME = "/home/user";
const PANELS = "panels";

type Plan = {
  agent?: string;
  mode?: ApprovalMode;
  /** One input each, of the session's agent or of another; the next is sent when the one before is admitted. */
  inputs: readonly Input[];
  /** The recording ends with the first event for which this holds. */
  until: (event: SessionEvent, count: number) => boolean;
  /** Done once, when this event came. */
  act?: { at: (event: SessionEvent) => boolean; do: (on: Recording) => Promise<void> };
  /** Kill the server there, and start it again. */
  kill?: boolean;
  /** Then, after the server was killed, and its agents' own memory was lost or not. */
  later?: { input: Input; forget: boolean };
  /** Another session is at work before, in the same directory or, with one place for agents, in another one. */
  beside?: "workspace" | "pool";
};

type Input = string | { agent: string; text: string };

const isEnd = (event: SessionEvent): boolean =>
  event.type === "turn.completed" || event.type === "turn.failed" || event.type === "turn.aborted";
const isHeld = ({ type, data }: SessionEvent): boolean =>
  type === "turn.updated" && data.turn.waitingFor !== undefined;
/** The `count`th end of a turn. */
function afterEnds(count: number): Plan["until"] {
  let seen = 0;
  return (event) => isEnd(event) && ++seen === count;
}
const isOpenCall = ({ type, data }: SessionEvent): boolean =>
  type === "message.part.updated" &&
  "part" in data &&
  data.part.type === "tool" &&
  data.part.state.title === "Edit README.md";
const isSaid = ({ type, data }: SessionEvent): boolean =>
  type === "message.part.delta" ||
  (type === "message.part.updated" && "part" in data && data.part.type === "text" && data.part.ordinal !== 0);
const isAsked = ({ type }: SessionEvent): boolean => type === "permission.asked";
const isQuestion = ({ type }: SessionEvent): boolean => type === "question.asked";
const stop = async ({ server, events }: Recording) => {
  const running = events.findLast(({ type }) => type === "turn.started");
  if (running?.turnId !== undefined) await server.client.cancelTurn(running.turnId);
};

const PLANS: Readonly<Record<string, Plan>> = {
  empty: { inputs: [], until: ({ type }) => type === "session.created" },
  tools: {
    inputs: [
      "THINK The README says what the parser must do. I read it first, then I write the parser.\nSAY I look around first.\nREAD README.md\nREAD missing.md\nWRITE parser.ts export const parse = (text: string) => text.split(\",\");\nBASH printf 'ok 1\\n\\033[32m2 passed\\033[0m\\n'\nBASH echo no such test >&2; exit 3\nOUTPUT 6000\nPLAN Read the README | Write the parser | Run the tests\nSAY The **parser** is written, see `parser.ts`.",
    ],
    until: isEnd,
  },
  kinds: { agent: "kinds", inputs: ["KINDS"], until: isEnd },
  "kinds-open": { agent: "kinds", inputs: ["OPEN"], until: isOpenCall },
  qwen: { agent: "qwen-recorded", inputs: ["PLAY qwen-tool"], until: isEnd },
  goose: { agent: "goose-recorded", inputs: ["PLAY goose-tool"], until: isEnd },
  "permission-edit": {
    mode: "ask",
    inputs: ["SAY I would write a file.\nWRITE notes.md # Notes"],
    until: isAsked,
  },
  "permission-answered": {
    mode: "ask",
    inputs: ["BASH echo allowed\nWRITE notes.md # Notes\nSAY Both are done."],
    until: isEnd,
    act: {
      at: isAsked,
      async do({ server, session }) {
        for (const reply of ["once", "reject"] as const) {
          const id = await pendingOf(server, session);
          await server.client.replyPermission(id, { reply });
        }
      },
    },
  },
  question: {
    inputs: [
      "SAY I need to know more.\nASKFORM How do we build it? | port!: integer 1..65535 | name: text 2..20 | sure: boolean | colour: one red, green | days: many 1..2 Mon, Tue, Wed",
    ],
    until: isQuestion,
  },
  "question-page": {
    inputs: ["ASKURL https://example.org/login?project=parser Please log in there."],
    until: isQuestion,
  },
  opening: { inputs: ["SLOW 20 20"], until: ({ type }) => type === "turn.started" },
  running: { inputs: ["THINK short\nSLOW 400 20"], until: (_, count) => count > 60 },
  queued: {
    inputs: ["SLOW 4000 20", "SAY then the documentation", "SAY and a changelog entry"],
    until: (event, count) =>
      event.type === "session.updated" && event.data.session.queue.length === 2 && count > 25,
  },
  "waiting-for": {
    inputs: ["CRASH", "CRASH", "CRASH", "SAY I wait for the agent to be trusted again"],
    until: isHeld,
  },
  "waiting-workspace": { inputs: ["SAY after the other one"], beside: "workspace", until: isHeld },
  "waiting-pool": { inputs: ["SAY when there is a place"], beside: "pool", until: isHeld },
  limit: {
    inputs: ["SAY I begin.\nLIMIT 3600000 this week's limit is used up", "SAY then the documentation"],
    until: isHeld,
  },
  switched: {
    inputs: [
      "SAY The parser splits at commas.",
      { agent: "scribe", text: "SAY I write that down." },
      "SAY I go on with what I know.",
    ],
    until: afterEnds(3),
  },
  resumed: {
    inputs: ["REMEMBER commas\nSAY I keep that."],
    later: { input: "RECALL", forget: false },
    until: isEnd,
  },
  replayed: {
    inputs: ["SAY The parser splits at commas."],
    later: { input: "SAY I go on.", forget: true },
    until: isEnd,
  },
  stalled: {
    inputs: ["SAY I think about it.\nHANG"],
    until: ({ type, data }) => type === "turn.updated" && data.turn.stalled !== undefined,
  },
  stopping: {
    inputs: ["SAY I do not listen.\nDEAF"],
    act: { at: isSaid, do: stop },
    until: ({ type, data }) => type === "turn.updated" && data.turn.stopping !== undefined,
  },
  stopped: { inputs: ["SAY I began.\nHANG"], act: { at: isSaid, do: stop }, until: isEnd },
  failed: { inputs: ["SAY I try.\nFAIL 529 the model is overloaded"], until: isEnd },
  crashed: { inputs: ["SAY I try.\nCRASH"], until: isEnd },
  interrupted: {
    inputs: ["SAY Half of it is done.\nBASH sleep 600"],
    until: isEnd,
    kill: true,
  },
};

class Recording {
  server: HoldfastProcess;
  readonly session: string;
  readonly events: SessionEvent[] = [];

  constructor(server: HoldfastProcess, session: string) {
    this.server = server;
    this.session = session;
  }

  /** Follows the session's events until one of them is the last. */
  async follow(until: (event: SessionEvent) => boolean | Promise<boolean>): Promise<void> {
    const after = this.events.at(-1)?.seq ?? 0;
    const signal = AbortSignal.timeout(WAIT_MS);
    const stream = this.server.client.streamSession({ sessionId: this.session, after, signal });
    for await (const item of stream) {
      if (item.kind !== "event") continue;
      this.events.push(item.event);
      if (await until(item.event)) return;
    }
    throw new Error(`Session ${this.session} did not come to its end; it had ${this.events.length} events.`);
  }
}

async function pendingOf(server: HoldfastProcess, sessionId: string): Promise<string> {
  const end = Date.now() + WAIT_MS;
  while (Date.now() < end) {
    const { items } = await server.client.listPermissions({ state: "pending", sessionId });
    if (items[0] !== undefined) return items[0].id;
    await delay(20);
  }
  throw new Error("Nothing was asked.");
}

async function record(name: string, plan: Plan): Promise<void> {
  await using directory = await temporaryDirectory(`gallery-${name}`);
  const agent = { backend: "acp" as const, command: [process.execPath, AGENT] };
  const scribe = { backend: "acp" as const, command: [process.execPath, REHEARSAL], name: "Scribe" };
  const agents = { kinds: agent, "qwen-recorded": agent, "goose-recorded": agent, scribe };
  const config = { agents, ...(plan.beside === "pool" ? { maxLiveAgents: 1 } : {}) };
  const options = { root: directory.path, config };
  let server = await startHoldfast(options);
  try {
    await writeFile(join(server.project, "README.md"), "# Parser\n\nSplits lines at commas. Blanks stay.\n");
    if (plan.beside !== undefined) await workBeside(server, plan.beside);
    const session = await server.client.createSession({
      directory: server.project,
      agent: plan.agent ?? "rehearsal",
      approvalMode: plan.mode ?? "all",
    });
    const recording = new Recording(server, session.id);
    const sent = sendAll(server, session.id, plan.inputs);
    if (plan.kill === true) {
      await recording.follow(
        ({ type, data }) =>
          type === "message.part.updated" &&
          "part" in data &&
          data.part.type === "tool" &&
          data.part.state.status === "running",
      );
      await server.kill();
      server = recording.server = await startHoldfast(options);
    }
    if (plan.later !== undefined) {
      await recording.follow(isEnd);
      await server.kill();
      if (plan.later.forget) await rm(join(directory.path, "rehearsal"), { recursive: true });
      server = recording.server = await startHoldfast(options);
      await sendAll(server, session.id, [plan.later.input]);
    }
    let acts = plan.act === undefined ? 0 : 1;
    await recording.follow((event) => {
      if (acts > 0 && plan.act?.at(event) === true) {
        acts -= 1;
        void plan.act.do(recording);
      }
      return plan.until(event, recording.events.length);
    });
    await sent;
    await write(name, recording.events, directory.path);
  } finally {
    await server.kill();
  }
}

/** Resolves when another session works, which it does for as long as anybody records. */
async function workBeside(server: HoldfastProcess, where: NonNullable<Plan["beside"]>): Promise<void> {
  const elsewhere = join(server.root, "elsewhere");
  await mkdir(elsewhere, { recursive: true });
  const directory = where === "pool" ? elsewhere : server.project;
  const other = await server.client.createSession({ directory, agent: "rehearsal", approvalMode: "all" });
  const { turn } = await server.client.admitInput(other.id, { parts: [{ type: "text", text: "HANG" }] });
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await delay(20))
    if ((await server.client.getTurn(turn.id)).opened !== undefined) return;
  throw new Error("The other session did not begin.");
}

async function sendAll(server: HoldfastProcess, sessionId: string, inputs: readonly Input[]): Promise<void> {
  for (const input of inputs) {
    const { text, ...agent } = typeof input === "string" ? { text: input } : input;
    await server.client.admitInput(sessionId, { parts: [{ type: "text", text }], ...agent });
  }
}

/** What is no session: lists that the server answers with, one a line. */
async function writePanels(): Promise<void> {
  const { panels, root } = await recordPanels();
  const lines = Object.entries(panels).map((entry) => `${JSON.stringify(entry)}\n`);
  await writeFile(join(FOLDER, `${PANELS}.ndjson`), lines.join("").replaceAll(root, HOME));
  process.stdout.write(`${PANELS}: ${panels.agents.length} agents, ${panels.rules.length} rules\n`);
}

async function write(name: string, events: readonly SessionEvent[], root: string): Promise<void> {
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
  await writeFile(join(FOLDER, `${name}.jsonl`), lines.replaceAll(root, HOME));
  process.stdout.write(`${name}: ${events.length} events\n`);
}

await mkdir(FOLDER, { recursive: true });
const names = process.argv.slice(2);
for (const name of names)
  if (!(name in PLANS) && name !== PANELS) throw new Error(`There is no recording ${name}.`);
for (const [name, plan] of Object.entries(PLANS))
  if (names.length === 0 || names.includes(name)) await record(name, plan);
if (names.length === 0 || names.includes(PANELS)) await writePanels();
