import type {
  AgentContext,
  ContentBlock,
  McpServerStdio,
  PromptResponse,
  ToolKind,
} from "@agentclientprotocol/sdk";
import { Background } from "./background.ts";
import { splitContextBlocks } from "./context-blocks.ts";
import { type Directive, parseDirectives } from "./directives.ts";
import { runDirectives, type Workspace } from "./run-directives.ts";
import type { MemoryStore, Mode, SessionMemory } from "./session-memory.ts";
import { type ClientAbilities, Turn } from "./turn.ts";

/** Size of the pretended context window, in tokens. */
export const CONTEXT_SIZE = 200_000;

const CHARACTERS_PER_TOKEN = 4;
const MAX_TITLE = 80;

/** A session that is open in this process. Its memory is always written before it is changed here. */
export class Session {
  readonly id: string;
  readonly cwd: string;
  readonly #store: MemoryStore;
  readonly #mcpServers: readonly McpServerStdio[];
  readonly #alwaysAllowed = new Set<ToolKind>();
  #mode: Mode;
  #title: string | null;
  #remembered: string | null;
  #used: number;
  /** What to say to the next prompts without directives, in order. */
  #later: string[] = [];
  #running: { turn: Turn; ended: Promise<unknown> } | undefined;
  readonly #background: Background;

  constructor(
    store: MemoryStore,
    place: { cwd: string; mcpServers: readonly McpServerStdio[]; tellsTasks: boolean },
    memory: Omit<SessionMemory, "updates" | "cwd">,
  ) {
    this.#store = store;
    this.id = memory.sessionId;
    this.cwd = place.cwd;
    this.#mcpServers = place.mcpServers;
    this.#mode = memory.mode;
    this.#title = memory.title;
    this.#remembered = memory.remembered;
    this.#used = memory.used;
    this.#background = new Background({
      cwd: this.cwd,
      prompt: () => this.#running?.ended,
      tell: async (turn, tasks) => {
        if (place.tellsTasks) await turn.tellTasks(tasks).catch(() => {});
      },
      obey: (turn, work) => this.#workByItself(turn, work),
    });
  }

  get mode(): Mode {
    return this.#mode;
  }

  /** True while a prompt runs. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** Changes the mode for the tools that come; durable on return. */
  async changeMode(mode: Mode): Promise<void> {
    await this.#store.append(this.id, { kind: "mode", mode });
    this.#mode = mode;
  }

  /** Stops what the agent does by itself. The running prompt hears of a cancel by its ticket. */
  cancelOwnWork(): void {
    this.#background.cancel();
  }

  /** Cancels the running prompt and waits for its end. */
  async close(): Promise<void> {
    this.#running?.turn.cancel();
    await this.#background.close();
    await this.#running?.ended;
  }

  /**
   * Runs one prompt; the caller checked `isBusy`. What was said and remembered is durable before this returns or rejects.
   * Rejects with a `RequestError` at FAIL. It is cancelled by `cancelled`, by the end of the request, and by `close`.
   */
  prompt(
    client: AgentContext,
    { blocks, client: abilities }: { blocks: readonly ContentBlock[]; client: ClientAbilities },
    cancelled: AbortController,
    signal: AbortSignal,
  ): Promise<PromptResponse> {
    const turn = new Turn(client, this.id, cancelled, abilities);
    const cancel = () => turn.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    const work = () => this.#run(turn, blocks);
    const answer = this.#background
      .before(turn)
      .then(work)
      .finally(() => {
        signal.removeEventListener("abort", cancel);
        this.#running = undefined;
      });
    this.#running = { turn, ended: answer.catch(() => {}) };
    return answer;
  }

  /** Takes words into the running prompt: they are obeyed at once, beside what it does. */
  steer(blocks: readonly ContentBlock[]): Promise<Steered> {
    const turn = this.#running?.turn;
    if (turn === undefined || turn.isOver)
      return Promise.resolve({ outcome: "promptRequired", reason: "noRunningTurn" });
    const { answer, text } = turn.steering;
    if (answer === "silent") return turn.say(`${text}\n`).then(() => new Promise<never>(() => {}));
    if (answer === "required") return Promise.resolve({ outcome: "promptRequired", reason: text });
    if (answer === "failed") return Promise.resolve({ outcome: "failed", reason: text });
    turn.history.recordPrompt(blocks);
    const directives = parseDirectives(textOf(blocks));
    turn.steered = turn.steered.then(() => runDirectives(turn, this.#workspace(turn, blocks), directives));
    // The prompt hears of it when it waits for them.
    turn.steered.catch(() => {});
    return Promise.resolve({ outcome: "injected" });
  }

  /** Its end is told as claude-agent-acp tells it: beside the usage. */
  async #workByItself(turn: Turn, work: readonly Directive[]): Promise<void> {
    try {
      await runDirectives(turn, this.#workspace(turn, []), work);
    } catch {
      await turn.failOpenTools("cancelled").catch(() => {});
    }
    // Fails only when the connection is gone.
    await this.#settle(turn, null, { "_claude/origin": { kind: "task-notification" } }).catch(() => {});
  }

  async #run(turn: Turn, blocks: readonly ContentBlock[]): Promise<PromptResponse> {
    const text = textOf(blocks);
    turn.history.recordPrompt(blocks);
    const title = this.#title === null ? titleOf(text) : null;
    try {
      if (title !== null) {
        await turn.send({ sessionUpdate: "session_info_update", title, updatedAt: new Date().toISOString() });
      }
      const directives = parseDirectives(text);
      const kept = directives.length === 0 ? this.#later.shift() : undefined;
      if (directives.length > 0) this.#later = [];
      if (kept === undefined) await runDirectives(turn, this.#workspace(turn, blocks), directives);
      else await turn.say(`${kept}\n`);
      await allSteered(turn);
      await this.#settle(turn, title);
      return { stopReason: "end_turn" };
    } catch (error) {
      turn.isOver = true;
      await turn.failOpenTools(turn.signal.aborted ? "cancelled" : "the turn failed");
      await this.#settle(turn, title);
      if (turn.signal.aborted) return { stopReason: "cancelled" };
      throw error;
    }
  }

  /** Reports usage and writes the turn; after it the prompt may be answered. */
  async #settle(turn: Turn, title: string | null, meta?: Record<string, unknown>): Promise<void> {
    const used = this.#used + Math.ceil(turn.history.characters / CHARACTERS_PER_TOKEN);
    await turn.send({
      sessionUpdate: "usage_update",
      used: Math.min(used, CONTEXT_SIZE),
      size: CONTEXT_SIZE,
      ...(meta === undefined ? {} : { _meta: meta }),
    });
    await this.#store.append(this.id, {
      kind: "turn",
      at: Date.now(),
      title,
      used,
      updates: turn.history.updates,
    });
    this.#used = used;
    this.#title = title ?? this.#title;
  }

  #workspace(turn: Turn, blocks: readonly ContentBlock[]): Workspace {
    return {
      wake: (wake) => this.#background.start(wake, turn),
      given: blocks.flatMap(describeGiven),
      cwd: this.cwd,
      mcpServers: this.#mcpServers,
      isAllowed: (kind) => this.#mode === "auto" || this.#alwaysAllowed.has(kind),
      allowAlways: (kind) => void this.#alwaysAllowed.add(kind),
      later: (words) => void this.#later.push(words),
      remembered: () => this.#remembered,
      remember: async (word) => {
        await this.#store.append(this.id, { kind: "remember", word });
        this.#remembered = word;
      },
    };
  }
}

function describeGiven(block: ContentBlock): string[] {
  switch (block.type) {
    case "text":
      return [];
    case "resource_link":
      return [`${block.type} ${block.name} ${block.uri}`];
    case "resource": {
      const { resource } = block;
      return [
        `${block.type} ${resource.uri} ${"text" in resource ? JSON.stringify(resource.text) : "bytes"}`,
      ];
    }
    default:
      return [`${block.type} ${block.mimeType}`];
  }
}

/** What the agent answers to words for its running prompt. */
type Steered = { outcome: "injected" | "promptRequired" | "failed"; reason?: string };

const textOf = (blocks: readonly ContentBlock[]): string =>
  blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");

/** More may be given while the last ones are obeyed. */
async function allSteered(turn: Turn): Promise<void> {
  let last: Promise<void>;
  do {
    last = turn.steered;
    await last;
  } while (last !== turn.steered);
  turn.isOver = true;
}

/** The first words of the user, outside of context blocks; null when there are none. */
function titleOf(prompt: string): string | null {
  for (const span of splitContextBlocks(prompt)) {
    const line = span.inside ? undefined : span.text.split("\n").find((each) => each.trim() !== "");
    if (line !== undefined) return wellFormedStart(line.trim());
  }
  return null;
}

/** At most `MAX_TITLE` UTF-16 code units, without half of a surrogate pair at the end. */
function wellFormedStart(text: string): string {
  const start = text.slice(0, MAX_TITLE);
  return start.isWellFormed() ? start : start.slice(0, -1);
}
