/**
 * One agent behind the real server, for one cell after the other: each cell has a project directory and a session of its own, so that no
 * lease and no memory of an earlier cell reaches it. The agents' programs are found by their launch ids in /proc.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { AdmitInput, ApprovalMode, Config, Message, Permission, Turn } from "@holdfast/protocol";
import {
  killIfThere,
  type HoldfastProcess,
  processesWith,
  startHoldfast,
  until,
  withoutChildren,
} from "../harness/index.ts";
import { type ScriptedModel, startModel } from "../model/index.ts";
import type { MatrixAgent } from "./agents.ts";

/** How long one step of a cell may take on a busy machine; the first start of some agents takes half of it. */
export const STEP_MS = 120_000;
/** How long an agent may go on trying after a model error before a case cancels it; some try for minutes. */
export const RETRY_MS = 45_000;

/** One session with its own directory. */
export type Place = { sessionId: string; directory: string };

export class Bench implements AsyncDisposable {
  readonly agent: MatrixAgent;
  readonly #root: string;
  readonly #model: ScriptedModel;
  readonly #config: Config;
  #server: HoldfastProcess;
  #places = 0;
  #prompts = 0;

  private constructor(
    agent: MatrixAgent,
    facts: { root: string; model: ScriptedModel; config: Config; server: HoldfastProcess },
  ) {
    this.agent = agent;
    this.#root = facts.root;
    this.#model = facts.model;
    this.#config = facts.config;
    this.#server = facts.server;
  }

  /** Starts the scripted model and a server that knows the agent, all below `root`; the caller disposes of both with the bench. */
  static async open(agent: MatrixAgent, root: string): Promise<Bench> {
    const model = await startModel();
    try {
      const set = await agent.prepare({ modelUrl: model.url, home: join(root, "agent-home") });
      const config: Config = set === undefined ? {} : { agents: { [agent.id]: set } };
      return new Bench(agent, { root, model, config, server: await startHoldfast({ root, config }) });
    } catch (error) {
      await model.close();
      throw error;
    }
  }

  get client(): HoldfastProcess["client"] {
    return this.#server.client;
  }

  async newPlace(approvalMode: ApprovalMode = this.agent.mode): Promise<Place> {
    const directory = join(this.#root, "projects", String((this.#places += 1)));
    await mkdir(directory, { recursive: true });
    const session = await this.client.createSession({ directory, agent: this.agent.id, approvalMode });
    return { sessionId: session.id, directory };
  }

  /** A prompt that the scripted model reads as its own turn, whatever an agent merges. */
  prompt(...lines: string[]): Pick<AdmitInput, "parts"> {
    this.#prompts += 1;
    const script = this.agent.isScripted ? [`#turn ${this.#prompts}`, ...lines] : lines;
    return { parts: [{ type: "text", text: script.join("\n") }] };
  }

  async admit({ sessionId }: Place, ...lines: string[]): Promise<Turn> {
    return (await this.client.admitInput(sessionId, this.prompt(...lines))).turn;
  }

  /** Admits a script, waits for its end and answers the turn with the text of its answer. */
  async ask(place: Place, ...lines: string[]): Promise<{ turn: Turn; text: string }> {
    const turn = await this.ended(await this.admit(place, ...lines));
    return { turn, text: await this.textOf(place, turn) };
  }

  async textOf({ sessionId }: Place, turn: Turn): Promise<string> {
    const { items } = await this.client.listMessages(sessionId, { limit: 20 });
    return textIn(items.filter(({ info }) => turn.assistantMessageIds.includes(info.id)));
  }

  ended({ id }: Turn): Promise<Turn> {
    return until(
      "the turn's end",
      async () => {
        const turn = await this.client.getTurn(id);
        return isEnded(turn) ? turn : undefined;
      },
      STEP_MS,
    );
  }

  /** The end of a turn whose model fails, by a cancel where its agent still tries after RETRY_MS. */
  async endedOrTired(turn: Turn): Promise<{ turn: Turn; triesOn: boolean }> {
    const end = performance.now() + RETRY_MS;
    const seen = await until(
      "an end or enough tries",
      async () => {
        const now = await this.client.getTurn(turn.id);
        return isEnded(now) || performance.now() > end ? now : undefined;
      },
      STEP_MS,
    );
    if (isEnded(seen)) return { turn: seen, triesOn: false };
    await this.client.cancelTurn(turn.id);
    return { turn: await this.ended(turn), triesOn: true };
  }

  /** Waits until the answer of a running turn shows this text; an end before that is an error. */
  streamed(place: Place, { id }: Turn, text: string): Promise<string> {
    return until(
      `${text} in the stream`,
      async () => {
        const turn = await this.client.getTurn(id);
        const seen = await this.textOf(place, turn);
        if (seen.includes(text)) return seen;
        if (isEnded(turn)) throw new Error(`The turn ended ${outcomeOf(turn)} before ${text} was said.`);
        return undefined;
      },
      STEP_MS,
    );
  }

  /** Waits for the permission request of a turn; its end before that is an error. */
  asked({ id }: Turn): Promise<Permission> {
    return until(
      "the permission request",
      async () => {
        const turn = await this.client.getTurn(id);
        const [asked] = await this.permissionsOf(turn);
        if (asked === undefined && isEnded(turn))
          throw new Error(`The turn ended ${outcomeOf(turn)} without asking.`);
        return asked;
      },
      STEP_MS,
    );
  }

  async permissionsOf({ id, sessionId }: Turn): Promise<Permission[]> {
    const { items } = await this.client.listPermissions({ sessionId });
    return items.filter(({ turnId }) => turnId === id);
  }

  /** The agent's programs that live now, and what they started. */
  processes(): number[] {
    const launched = new Set(processesWith("HOLDFAST_LAUNCH_ID="));
    return processesWith(this.#root).filter((pid) => launched.has(pid));
  }

  /** The agent's programs alone: claude runs short helpers beside itself. */
  programs(): number[] {
    return withoutChildren(this.processes());
  }

  /** kill -9 to everything that the agent is. */
  killAgent(): void {
    for (const pid of this.processes()) killIfThere(pid);
  }

  /** kill -9 to the server, then a new one on the same data. */
  async killServer(): Promise<void> {
    await this.#server.kill();
    await this.#start();
  }

  /** Ends the server, forgets everything that the agent stored by itself, and starts the server again. */
  async deleteStore(): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    for (const name of ["agent-home", "rehearsal"])
      await rm(join(this.#root, name), { recursive: true, force: true, maxRetries: 5 });
    await this.agent.prepare({ modelUrl: this.#model.url, home: join(this.#root, "agent-home") });
    await this.#start();
  }

  /** A new server on the same data, whatever state a failed cell left the old one in. */
  async restart(): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.#start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.#model.close();
  }

  async #start(): Promise<void> {
    this.#server = await startHoldfast({ root: this.#root, config: this.#config });
  }
}

const isEnded = ({ state }: Turn): boolean => ["completed", "failed", "aborted"].includes(state);

const textIn = (messages: readonly Message[]): string =>
  messages
    .flatMap((message) => message.parts)
    .map((part) => (part.type === "text" ? part.text : ""))
    .join("");

/** `failed/crashed AgentError`: state, reason and the error's name, as far as there are any. */
export function outcomeOf({ state, reason, error }: Turn): string {
  const why = reason === undefined ? state : `${state}/${reason}`;
  return state === "failed" && error !== undefined ? `${why} ${error.name}` : why;
}
