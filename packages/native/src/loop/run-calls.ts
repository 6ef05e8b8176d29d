/**
 * Runs the calls of one step, some at the same time, and says each result when it is there.
 *
 *   pending ─► before-hook ─► running, with its input ─► [ commit ] ─► run ─► completed | error
 *
 * - All of them are running in rows before the first one runs: after a crash none is run again. What came of them is committed with what is said next,
 *   before the model is told of it.
 * - The text of a result is cut before it is said: it is what the model sees, and what the row has.
 * - A cancel gives what runs 250 ms to settle by itself; the rest ends as an interrupted error that keeps what it had told (session-model 11.3).
 */
import { resolve } from "node:path";
import { within } from "@holdfast/kernel";
import type { JsonObject } from "@holdfast/protocol";
import { instructionSources, instructionsText, nearerInstructions } from "../prompt/index.ts";
import {
  type Tool,
  ToolError,
  type ToolResult,
  cutOutput,
  NotAllowedError,
  saveOutput,
} from "../tools/index.ts";
import type { Content, ToolUpdate } from "../wire.ts";
import { CallContext, type RunDeps } from "./call-context.ts";
import { permit } from "./permission.ts";
import { ABORTED, INVALID, invalidText, type ModelCall, readCall, readInput } from "./read-call.ts";
import { STRUCTURED } from "./structured.ts";

/** How long what runs may take to settle by itself once it is told to stop, in ms. */
const SETTLE_MS = 250;

/** Calls of one step that run at once: with those of as many subagents fewer than the server lets ask, or be in a hook, at once. */
const MOST_AT_ONCE = 8;

/** Said of calls behind the last step. */
const NO_MORE = "This was the last step: the call was not run.";

type Ready = { callId: string; tool: Tool; input: JsonObject; parsed: unknown; isDoomed: boolean };

export class CallRun {
  readonly #deps: RunDeps;

  constructor(deps: RunDeps) {
    this.#deps = deps;
  }

  /** `answered`: the answer that was asked for as JSON is there. Rejects where the host does, and with a `HookError`. */
  async run(calls: readonly ModelCall[]): Promise<"on" | "answered" | "denied"> {
    const { room } = this.#deps;
    const ready: Ready[] = [];
    for (const call of calls) {
      const one = await this.#begin(call);
      if (one !== undefined) ready.push(one);
    }
    await room.host.commit();
    const results = await this.#all(ready);
    if (room.denial.signal.aborted) return "denied";
    return results.some((isDone, index) => isDone && ready[index]?.tool.id === STRUCTURED)
      ? "answered"
      : "on";
  }

  /** Each to its end, also where one of them ends the prompt: nothing runs on behind it. */
  async #all(ready: readonly Ready[]): Promise<boolean[]> {
    const { promise: failed, reject } = Promise.withResolvers<never>();
    failed.catch(() => undefined);
    const results: boolean[] = [];
    const waiting = ready.entries();
    const line = async () => {
      for (const [at, one] of waiting) {
        try {
          results[at] = await this.#settle(one);
        } catch (error) {
          this.#deps.stop();
          reject(error);
        }
      }
    };
    await Promise.all(Array.from({ length: MOST_AT_ONCE }, line));
    return Promise.race([failed, Promise.resolve(results)]);
  }

  /** The step was the last one: its calls are not run. */
  async refuse(calls: readonly ModelCall[]): Promise<void> {
    const { host } = this.#deps.room;
    await host.say(...calls.map(({ callId }) => ended({ callId, status: "error", error: NO_MORE })));
    await host.commit();
  }

  /** Says that it runs. Nothing where it cannot be run: then it has ended already. */
  async #begin(call: ModelCall): Promise<Ready | undefined> {
    const { room, who, tools, doom } = this.#deps;
    const { callId, raw } = call;
    let read = readCall(call, tools);
    if (read.isValid && room.hooks.has("tool.execute.before")) {
      const told = { ...who, tool: read.tool.id, callId };
      const { args } = await room.hooks.run("tool.execute.before", told, {
        args: structuredClone(read.input),
      });
      read = readInput(read.tool, args);
    }
    if (!read.isValid) {
      const error = invalidText(read.input);
      const update = {
        callId,
        raw,
        tool: INVALID,
        title: `Invalid call of ${read.input.tool}`,
        input: read.input,
      };
      await room.host.say(
        { type: "tool", update: { ...update, status: "running" } },
        ended({ callId, status: "error", error }),
      );
      return undefined;
    }
    const { tool, input, parsed } = read;
    const { directory } = room.place;
    const locations = tool.locations?.(parsed, { directory });
    const update: ToolUpdate = {
      callId,
      raw,
      tool: tool.id,
      kind: tool.kind,
      title: tool.title(parsed),
      input,
    };
    if (locations !== undefined && locations.length > 0) update.locations = locations;
    await room.host.say({ type: "tool", update: { ...update, status: "running" } });
    return { callId, tool, input, parsed, isDoomed: doom.isAt(tool.id, input) };
  }

  /** Runs one call and says its end. Answers whether it did what it should. */
  async #settle(call: Ready): Promise<boolean> {
    const { room, memory } = this.#deps;
    const { host, signal } = room;
    const context = new CallContext(this.#deps, call);
    // What waited for its turn while the prompt was stopped is not begun.
    const isOver = signal.aborted || room.denial.signal.aborted;
    const running = isOver ? this.#aborted(call, context) : this.#run(call, context);
    const settled = await Promise.race([running, this.#graceAfter(signal)]);
    context.close();
    running.catch(() => undefined);
    const end = settled ?? (await this.#aborted(call, context));
    await host.say({ type: "tool", update: end });
    memory.callEnded({ tool: call.tool.id, input: call.input, metadata: { ...context.facts, ...end.facts } });
    return end.status === "completed";
  }

  /** Resolves with nothing once a cancel was waited for long enough. */
  async #graceAfter(signal: AbortSignal): Promise<undefined> {
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await within(this.#deps.room.clock, SETTLE_MS, new Promise<never>(() => undefined));
    return undefined;
  }

  /** Never rejects for what a tool does wrong; what it throws is its result. */
  async #run(call: Ready, context: CallContext): Promise<ToolUpdate> {
    const { room, who } = this.#deps;
    const { callId, tool, input, parsed } = call;
    try {
      if (call.isDoomed) await this.#askForDoom(call);
      const result = await this.#withNearer(call, await tool.run(parsed, await context.forTool()));
      const told = { ...who, tool: tool.id, callId, args: input };
      const { title, output, metadata } = room.hooks.has("tool.execute.after")
        ? await room.hooks.run("tool.execute.after", told, {
            title: result.title,
            output: result.output,
            metadata: result.metadata ?? {},
          })
        : { metadata: {}, ...result };
      return await this.#completed(callId, { ...result, title, output, metadata });
    } catch (error) {
      return this.#failed(call, context, error);
    }
  }

  /** What is read tells of the instructions that lie nearer to it, once (session-model 14.8). */
  async #withNearer({ tool, parsed }: Ready, result: ToolResult): Promise<ToolResult> {
    if (tool.id !== "read") return result;
    const { room, memory } = this.#deps;
    const { directory, root } = room.place;
    const path = tool.locations?.(parsed, { directory })[0]?.path;
    if (path === undefined) return result;
    const known = new Set([...room.instructions.map(({ from }) => from), ...memory.loaded()]);
    const nearer = await nearerInstructions(
      resolve(directory, path),
      { directory, root, known },
      instructionSources,
    );
    if (nearer.length === 0) return result;
    return {
      ...result,
      output: [result.output, ...nearer.map(instructionsText)].join("\n\n"),
      metadata: { ...result.metadata, loaded: nearer.map(({ from }) => from) },
    };
  }

  /** The same again and again: somebody is asked whether that is meant (session-model 11.2). */
  #askForDoom({ callId, tool, input }: Ready): Promise<void> {
    const { room, who } = this.#deps;
    return permit(
      { ...room, who },
      { callId, tool: tool.id, input, signal: room.signal },
      { title: `The same call of ${tool.id} again and again`, kind: "doom_loop", patterns: [tool.id] },
    );
  }

  async #completed(callId: string, result: ToolResult): Promise<ToolUpdate> {
    const { text, facts } = await this.#cut(result.output, result.keep ?? "head");
    return {
      callId,
      status: "completed",
      title: result.title,
      output: text,
      facts: { ...result.metadata, ...facts },
      ...(result.attachments === undefined ? {} : { attachments: result.attachments }),
    };
  }

  async #failed(call: Ready, context: CallContext, error: unknown): Promise<ToolUpdate> {
    const { callId } = call;
    if (this.#deps.room.signal.aborted && !(error instanceof ToolError)) return this.#aborted(call, context);
    if (error instanceof Error && error.name === "HookError") throw error;
    const message = error instanceof Error ? error.message : String(error);
    const { text, facts } = await this.#cut(message, "head");
    const told = error instanceof ToolError ? error.metadata : undefined;
    const why = error instanceof NotAllowedError ? { notAllowed: error.why } : undefined;
    return { callId, status: "error", error: text, facts: { ...told, ...why, ...facts } };
  }

  /** Cut off: what it had told so far is what the model sees of it. */
  async #aborted({ callId }: Ready, context: CallContext): Promise<ToolUpdate> {
    const update: ToolUpdate = { callId, status: "error", error: ABORTED, facts: { interrupted: true } };
    if (context.output === undefined || context.output === "") return update;
    const { text, facts } = await this.#cut(context.output, "tail");
    return { ...update, facts: { interrupted: true, output: text, ...facts } };
  }

  async #cut(text: string, keep: "head" | "tail"): Promise<{ text: string; facts: JsonObject }> {
    const { toolOutput: limits, outputDirectory } = this.#deps.room.place;
    const cut = await cutOutput({ text, keep, limits, save: saveOutput(outputDirectory) });
    if (cut.truncated === undefined) return { text: cut.text, facts: {} };
    const { path, bytes, lines } = cut.truncated;
    const facts = { truncated: true, leftOut: { bytes, lines } };
    return { text: cut.text, facts: path === undefined ? facts : { ...facts, outputPath: path } };
  }
}

const ended = (update: ToolUpdate): Content => ({ type: "tool", update });
