/**
 * What the agent of a turn does by itself: the whole turn, where it started the turn, else what it began before the turn's prompt went out, which
 * waits for it.
 *
 *   begun ─► files before it are known ─► attended to, in a step of its own ─► ended by the agent ─► the prompt
 */
import { faultPoint } from "@holdfast/kernel";
import type { AgentHandle, PromptResult, TurnSink } from "../../agents/index.ts";
import type { FileWatch, Recorder } from "../record/index.ts";

type Deps = {
  recorder: Recorder;
  files: FileWatch;
  sink: () => TurnSink;
  /** Whether the turn is being stopped: whoever attends from then on tells the agent at once. */
  isStopping: () => boolean;
};

const NOTHING: PromptResult = { outcome: "ended", stopReason: "end_turn" };

export class OwnWork {
  readonly #deps: Deps;
  #attending: Promise<void> | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** The work that the turn is. `begun` is called right before the agent is attended to. */
  async whole(handle: AgentHandle, begun: () => void): Promise<PromptResult> {
    await this.#deps.files.begin();
    begun();
    return await this.#attend(handle);
  }

  /** Sees to what the agent began. On return nothing of it waits, and none of it goes on: a prompt that is sent at once overtakes nothing that is known. */
  async settled(handle: AgentHandle): Promise<void> {
    while (this.#attending !== undefined || handle.hasBegun === true) {
      this.#attending ??= this.#before(handle).finally(() => (this.#attending = undefined));
      await this.#attending;
    }
  }

  /** Resolves when nothing of it goes on: the agent can be asked, or has gone. */
  async over(): Promise<void> {
    await this.#attending;
  }

  async #before(handle: AgentHandle): Promise<void> {
    const { files, recorder } = this.#deps;
    await files.begin();
    const asked = recorder.beginOwnWork();
    const result = await this.#attend(handle);
    recorder.endOwnWork(asked, result.outcome === "ended" ? result : undefined);
  }

  /** What was on the disk before is not its work; what changes from here on may be. */
  async #attend(handle: AgentHandle): Promise<PromptResult> {
    const { files, sink, isStopping } = this.#deps;
    files.prompted();
    const attended = handle.attend?.(sink());
    faultPoint("turn.own-attended");
    if (isStopping()) await handle.cancel();
    return (await attended) ?? NOTHING;
  }
}
