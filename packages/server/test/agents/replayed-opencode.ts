import { readFileSync } from "node:fs";
import path from "node:path";
import { newId } from "@holdfast/kernel";
import type { NoteEvent, PromptResult, StateEvent } from "../../src/agents/index.ts";
import { object } from "../../src/agents/opencode/json.ts";
import { FakeOpencode, type FakeEvent } from "./fake-opencode.ts";
import { RecordedTurn } from "./recorded-turn.ts";

type Line =
  | { from: "client"; call: "prompt"; messageId: string; text: string }
  | { from: "client"; call: "reply"; reply: "once" | "reject" }
  | { from: "client"; call: "answer"; answer: string }
  | { from: "client"; call: "abort" }
  | { from: "server"; event: FakeEvent };

const GOLDEN = path.join(import.meta.dirname, "../golden/opencode");

/** What a recorded stream became. */
export type ReplayedOpencode = {
  idle: (StateEvent | NoteEvent)[];
  turns: {
    events: RecordedTurn["events"];
    asks: RecordedTurn["asks"];
    questions?: RecordedTurn["questions"];
    result: PromptResult;
  }[];
};

/** Replays a recorded stream of the real opencode through a handle, without the program. */
export async function replayOpencode(name: string): Promise<ReplayedOpencode> {
  const lines = readFileSync(path.join(GOLDEN, `${name}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  const first = lines.find((line) => line.from === "server");
  const fake = new FakeOpencode(String(first?.event.properties["sessionID"]));
  const handle = fake.open();
  const turns: Promise<ReplayedOpencode["turns"][number]>[] = [];
  const ids: [string, string][] = [];
  let answer: ((answer: "once" | "reject") => void) | undefined;
  let choose: ((choice: string) => void) | undefined;
  for (const line of lines) {
    if (line.from === "server") {
      let text = JSON.stringify(line.event);
      for (const [recorded, ours] of ids) text = text.replaceAll(recorded, ours);
      await fake.play(JSON.parse(text) as FakeEvent);
      await fake.pass(20);
    } else if (line.call === "prompt") {
      // A settled session may need a second look before its end is believed.
      await fake.pass(5_000);
      // The id of our message must stand where the recorded one stood among those of opencode.
      fake.clock.jump(timeOf(line.messageId, lines) - fake.clock.now());
      const turn = new RecordedTurn();
      turn.answer = () => new Promise((resolve) => (answer = resolve));
      turn.tell = ({ fields }) =>
        new Promise((resolve) => {
          choose = (choice) => resolve({ action: "accept", content: { [fields?.[0]?.name ?? ""]: choice } });
        });
      const identity = { id: newId("prt"), sessionId: newId("ses"), messageId: newId("msg") };
      const prompt = handle.prompt({ parts: [{ ...identity, type: "text", text: line.text }] }, turn);
      const { events, asks, questions } = turn;
      turns.push(
        prompt.then((result) => ({ events, asks, ...(questions.length > 0 && { questions }), result })),
      );
      await fake.pass();
      ids.push([line.messageId, fake.prompts.at(-1)?.messageID ?? ""]);
    } else if (line.call === "reply") answer?.(line.reply);
    else if (line.call === "answer") choose?.(line.answer);
    else void handle.cancel();
    await fake.pass();
  }
  for (let looks = 0; looks < 10; looks += 1) await fake.pass(500);
  let replayed = JSON.stringify({ idle: fake.idle, turns: await Promise.all(turns) });
  for (const [recorded, ours] of ids) replayed = replayed.replaceAll(ours, recorded);
  return JSON.parse(replayed) as ReplayedOpencode;
}

/** When opencode took a message, in wall-clock ms. */
function timeOf(messageId: string, lines: readonly Line[]): number {
  for (const line of lines) {
    const info = line.from === "server" ? object(line.event.properties["info"]) : {};
    if (info["id"] === messageId) return Number(object(info["time"])["created"]);
  }
  throw new Error(`${messageId} was never taken.`);
}
