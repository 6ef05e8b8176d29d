import { newId } from "@holdfast/kernel";
import type { Part } from "@holdfast/protocol";
import type { PromptResult } from "../../src/agents/index.ts";
import type { OpencodeHandle } from "../../src/agents/opencode/handle.ts";
import { FakeOpencode } from "./fake-opencode.ts";
import { SessionEvents } from "./opencode-events.ts";
import { RecordedTurn } from "./recorded-turn.ts";

/** One prompt that was sent to the fake: its turn, the id that it was given, and its result once there is one. */
export type SentPrompt = {
  turn: RecordedTurn;
  id: string;
  result: Promise<PromptResult>;
  settled: () => PromptResult | undefined;
};

/** A handle on a fake server, with time by hand. */
export class OpencodeRoom {
  readonly fake = new FakeOpencode();
  readonly say = new SessionEvents(this.fake.sessionId);
  readonly handle: OpencodeHandle = this.fake.open();
  readonly exits: { expected: boolean }[] = [];

  constructor() {
    this.handle.onExit((exit) => this.exits.push(exit));
  }

  static words(text: string): { parts: Part[] } {
    const identity = { id: newId("prt"), sessionId: newId("ses"), messageId: newId("msg") };
    return { parts: [{ ...identity, type: "text", text }] };
  }

  async prompt(turn = new RecordedTurn()): Promise<SentPrompt> {
    const result = this.handle.prompt(OpencodeRoom.words("hello"), turn);
    let settled: PromptResult | undefined;
    void result.then((value) => (settled = value));
    await this.fake.pass();
    return { turn, id: this.fake.prompts.at(-1)?.messageID ?? "", result, settled: () => settled };
  }

  /** The prompt's message is there and an answer to it began. */
  async begin({ id }: SentPrompt, answerId = "msg_a1"): Promise<void> {
    const { say } = this;
    await this.fake.play(say.user(id), say.status("busy"), say.answer(answerId, id));
  }

  /** The whole rest of a plain turn. */
  async finish({ id }: SentPrompt, text: string, answerId = "msg_a1"): Promise<void> {
    const { say } = this;
    await this.fake.play(
      say.text(`prt_${answerId}`, answerId, text, true),
      say.answer(answerId, id, { finish: "stop" }),
      say.status("idle"),
      say.idle(),
    );
    await this.fake.pass();
  }
}
