/** What a tool is given for one call. Once the call has ended, what the tool still says is dropped. */
import type { JsonObject } from "@holdfast/protocol";
import type { Tool, ToolContext } from "../tools/index.ts";
import type { Said, ToolUpdate } from "../wire.ts";
import type { DoomLoop } from "./doom-loop.ts";
import type { PromptMemory } from "./memory.ts";
import { orWithdrawn, permit } from "./permission.ts";
import type { PromptRoom, Who } from "./room.ts";

/** What the calls of a prompt are run with. */
export type RunDeps = {
  room: PromptRoom;
  who: Who;
  tools: readonly Tool[];
  memory: PromptMemory;
  doom: DoomLoop;
  /** Aborts what runs: a call failed in a way that ends the prompt. */
  stop: () => void;
};

type Call = { callId: string; tool: Tool; input: JsonObject };

export class CallContext {
  readonly #deps: RunDeps;
  readonly #call: Call;
  #isClosed = false;
  /** What the tool told of its output so far. */
  output: string | undefined;
  /** What it told of its work. */
  facts: JsonObject = {};

  constructor(deps: RunDeps, call: Call) {
    this.#deps = deps;
    this.#call = call;
  }

  close(): void {
    this.#isClosed = true;
  }

  async forTool(): Promise<ToolContext> {
    const { room, who, memory } = this.#deps;
    const { callId, tool, input } = this.#call;
    const { host, place, clock, signal } = room;
    const { directory, root, outputDirectory } = place;
    return {
      callId,
      directory,
      root,
      outputDirectory,
      clock,
      signal,
      environment: await this.#environment(),
      past: () => memory.past(),
      permit: (request) => permit({ ...room, who }, { callId, tool: tool.id, input, signal }, request),
      askQuestion: (question) => {
        const withdrawn = AbortSignal.any([signal, room.denial.signal]);
        return orWithdrawn(host.askQuestion({ ...question, callId }, withdrawn), withdrawn, {
          action: "cancel",
        });
      },
      tell: (update) => this.#tell(update),
      changes: (path) => (this.#isClosed ? Promise.resolve() : host.say({ type: "file", path })),
      plan: (todos) => {
        if (!this.#isClosed) this.#say({ type: "plan", todos });
      },
      task: (task) => room.task(callId, task, signal),
    };
  }

  async #environment(): Promise<Readonly<Record<string, string>>> {
    const { room, who } = this.#deps;
    const { environment, directory } = room.place;
    if (!room.hooks.has("shell.env")) return environment;
    const told = { ...who, directory, callId: this.#call.callId };
    const { env } = await room.hooks.run("shell.env", told, { env: {} });
    return { ...environment, ...env };
  }

  #tell(update: Omit<ToolUpdate, "callId" | "status" | "input" | "raw">): void {
    if (this.#isClosed) return;
    if (update.output !== undefined) this.output = update.output;
    if (update.facts !== undefined) this.facts = { ...this.facts, ...update.facts };
    this.#say({ type: "tool", update: { ...update, callId: this.#call.callId } });
  }

  /** A tool does not wait for it. Where it cannot be said, the next commit rejects. */
  #say(event: Said): void {
    this.#deps.room.host.say(event).catch(() => undefined);
  }
}
