import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import type { FileSign, Kill } from "./kill-plan.ts";
import type { LiveFrame } from "./recorder.ts";
import type { ServerLife } from "./server-life.ts";

const SIGNS: Readonly<Record<FileSign, RegExp>> = {
  copying: /^holdfast\.db\.v\d+\.copy\..*\.partial$/,
  migrating: /^holdfast\.db\.v\d+\.copy$/,
  // The database file itself is written by checkpoints only.
  checkpointing: /^holdfast\.db$/,
};

/** Lies in wait for a kill's instant. A fault plan needs nobody: the server carries it out itself. */
export class Ambush {
  readonly #kill: Kill;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #watcher: FSWatcher | undefined;
  #life: ServerLife | undefined;
  #frames = 0;
  #isWorking = false;
  #hasStruck = false;

  /** To be laid before the server starts. */
  constructor(kill: Kill, root: string) {
    this.#kill = kill;
    const { trigger } = kill;
    if (trigger.by !== "file") return;
    this.#watcher = watch(join(root, "data"), (_change, name) => {
      const isEarly = trigger.sign === "checkpointing" && !this.#isWorking;
      if (!isEarly && name !== null && SIGNS[trigger.sign].test(name)) this.#strike(trigger.ms);
    });
  }

  /** The server was killed at that instant; false when it ended otherwise. To be read after its death. */
  get hasStruck(): boolean {
    const life = this.#life;
    if (life?.child.signalCode !== "SIGKILL") return false;
    return this.#kill.trigger.by === "fault" ? !life.isKilled : this.#hasStruck;
  }

  /** The server had been asked to end when it died. */
  get wasAsked(): boolean {
    return this.#life?.isAsked === true;
  }

  started(life: ServerLife): void {
    this.#life = life;
    if (this.#kill.trigger.by === "time") this.#strike(this.#kill.trigger.ms);
  }

  /** Recovery and checks are over, and the sessions get work. A shutdown comes `soon` ms later. */
  working(soon: number): void {
    this.#isWorking = true;
    const { phase, trigger } = this.#kill;
    if (phase !== "shutdown") return;
    const stop = () => {
      this.#life?.stop();
      if (trigger.by === "term") this.#strike(trigger.ms);
    };
    // Its first checkpoint must be the one at the end, so there is little work before.
    this.#timers.push(setTimeout(stop, trigger.by === "fault" ? soon / 10 : soon));
  }

  heard(frame: LiveFrame): void {
    const { trigger } = this.#kill;
    if (trigger.by !== "frame" || !matches(frame, trigger.frame)) return;
    this.#frames += 1;
    if (this.#frames === trigger.count) this.#strike(0);
  }

  lift(): void {
    this.#watcher?.close();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #strike(ms: number): void {
    if (this.#hasStruck) return;
    this.#hasStruck = true;
    const kill = () => this.#life?.kill();
    if (ms === 0) kill();
    else this.#timers.push(setTimeout(kill, ms));
  }
}

function matches(frame: LiveFrame, kind: "delta" | "tool" | "permission"): boolean {
  if (kind === "delta") return frame.event === "message.part.delta";
  if (kind === "permission") return frame.event === "permission.asked" || frame.event === "question.asked";
  const { data } = frame.data as { data: { part?: { type: string; state?: { status: string } } } };
  return (
    frame.event === "message.part.updated" &&
    data.part?.type === "tool" &&
    data.part.state?.status === "running"
  );
}
