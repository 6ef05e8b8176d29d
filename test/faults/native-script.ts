/** Everything that the loop of the native agent does, once each, in sessions that ask and in one that does not; and, in a later life, one more turn of each. */
import { loggedCommand } from "../torture/call-log.ts";
import { FROM_HERE, SUBTASK_PROMPT } from "../torture/prompts.ts";
import type { Recorder } from "../torture/recorder.ts";
import { FaultScript } from "./fault-script.ts";

export type NativeScriptOptions = {
  recorder: Recorder;
  name: string;
  place: string;
  /** Where commands write what they did. */
  root: string;
  /** Sessions of an earlier life: each is asked once more, and those that answer are added to `went`. */
  sessions?: readonly string[];
  went?: Set<string>;
};

/** How long a session may take to go on where nothing is in its way, in ms: its program has to start. */
const GO_ON_MS = 60_000;

/** More than the model's context has. */
const FULL = 'USAGE {"input":1000000,"output":10}';

export class NativeScript extends FaultScript {
  readonly #options: NativeScriptOptions;

  constructor(options: NativeScriptOptions) {
    super(options.recorder, options.name);
    this.#options = options;
  }

  override async run(): Promise<void> {
    const { sessions } = this.#options;
    if (sessions !== undefined) return this.#goOn(sessions);
    await Promise.all([this.#work(), this.#talk()]);
  }

  protected override promptOf(text: string): string {
    return `${FROM_HERE}\n${super.promptOf(text)}`;
  }

  async #goOn(sessions: readonly string[]): Promise<void> {
    // All of them, because what one still asks holds the workspace of the others.
    for (const id of sessions) this.follow(id, "fresh");
    for (const id of sessions) {
      await this.send("POST", `/api/sessions/${id}/queue/resume`, {});
      const end = await this.endOf(await this.admit(id, "SAY on"), GO_ON_MS);
      if (end === "turn.completed") this.#options.went?.add(id);
    }
  }

  /** Reads, writes, runs, beside each other, fails, is compacted, and gives work away. */
  async #work(): Promise<void> {
    const id = await this.session({
      agent: "native:build",
      approvalMode: "all",
      directory: this.#options.place,
    });
    const bash = (seconds: string) => JSON.stringify({ command: this.#logged(`sleep ${seconds}`) });
    await this.endOf(
      await this.admit(
        id,
        `WRITE a.txt one\nREAD a.txt\nCALL bash ${bash("0.05")}\nALSO bash ${bash("0.1")}\nSAY done`,
      ),
    );
    const wait = JSON.stringify({ text: "slow down", headers: { "retry-after-ms": "20" } });
    await this.endOf(await this.admit(id, `FAIL 503 ${wait}\nSAY again`));
    await this.endOf(await this.admit(id, `SAY half\nCUT\nBROKEN bash {"command": "e\nSAY so`));
    const todo = JSON.stringify({ todos: [{ content: "one", status: "pending", priority: "low" }] });
    await this.endOf(await this.admit(id, `CALL todo ${todo}\n${FULL}\nSAY on`));
    const prompt = `${SUBTASK_PROMPT}${this.mark()}\nBASH ${this.#logged("sleep 0.05")}\nSAY found`;
    const task = JSON.stringify({ agent: "general", description: "a part of it", prompt });
    await this.endOf(await this.admit(id, `CALL task ${task}\nSAY they said so`));
    await this.admit(id, `BASH ${this.#logged("sleep 0.3")}\nSLOW 4000 5`);
  }

  /** Asks a person, and answers as JSON. */
  async #talk(): Promise<void> {
    const id = await this.session({
      agent: "native:build",
      approvalMode: "ask",
      directory: this.#options.place,
    });
    const question = {
      question: "How many?",
      header: "Count",
      options: [{ label: "one" }, { label: "two" }],
    };
    await this.endOf(
      await this.admit(id, `CALL question ${JSON.stringify({ questions: [question] })}\nSAY two`),
    );
    await this.endOf(await this.admit(id, `BASH ${this.#logged("sleep 0.05")}\nSAY ran`));
    const schema = { type: "object", properties: { count: { type: "integer" } }, required: ["count"] };
    const format = { type: "json_schema", schema, retryCount: 1 };
    await this.endOf(await this.admit(id, 'CALL StructuredOutput {"count":"two"}\nLATER no', { format }));
    await this.endOf(await this.admit(id, 'CALL StructuredOutput {"count":2}', { format }));
  }

  #logged(work: string): string {
    return loggedCommand(this.#options.root, this.mark(), work);
  }
}
