import type { StorageWait } from "@holdfast/kernel";
import type { SessionError } from "@holdfast/protocol";
import type { TurnWatch } from "../../src/turn/index.ts";
import type { TurnFiles } from "../../src/turn/turn-watch.ts";

/** Totals are those of the files that it names, unless it says otherwise. */
type Files = Omit<TurnFiles, "totals"> & Partial<TurnFiles>;

/** A watch that says what the test wants and keeps what it was asked, in order. */
export class ScriptedWatch implements TurnWatch {
  readonly calls: string[] = [];
  missing: SessionError | undefined;
  beforeAnswer: () => ReturnType<TurnWatch["before"]> = () => Promise.resolve({ tree: "tree-before" });
  afterAnswer: () => Promise<Files | undefined> = () =>
    Promise.resolve({ hash: "tree-before", snapshot: "tree-after", files: ["/project/a.ts"] });
  stepAnswer: (number: number) => Promise<string | undefined> = (number) =>
    Promise.resolve(`tree-step-${number}`);
  /** What the agent of the newest turn has named so far. */
  touched: () => readonly string[] = () => [];
  signal: AbortSignal | undefined;

  requireDirectory(): Promise<SessionError | undefined> {
    this.calls.push("requireDirectory");
    return Promise.resolve(this.missing);
  }

  async before(
    _started: unknown,
    touched: () => readonly string[],
    { signal }: StorageWait,
  ): Promise<Awaited<ReturnType<TurnWatch["before"]>>> {
    this.calls.push("before");
    this.touched = touched;
    this.signal = signal;
    const answer = await this.beforeAnswer();
    this.calls.push("before ended");
    return answer;
  }

  step(_started: unknown, number: number): Promise<string | undefined> {
    this.calls.push(`step ${number}`);
    return this.stepAnswer(number);
  }

  after(): Promise<TurnFiles | undefined> {
    this.calls.push(`after ${[...this.touched()].join(",")}`.trim());
    return this.#answer();
  }

  dismiss(): Promise<void> {
    this.calls.push("dismiss");
    return Promise.resolve();
  }

  recover(): Promise<TurnFiles | undefined> {
    this.calls.push("recover");
    return this.#answer();
  }

  async #answer(): Promise<TurnFiles | undefined> {
    const found = await this.afterAnswer();
    return found && { totals: { files: found.files.length, additions: 0, deletions: 0 }, ...found };
  }
}
