import type { Question } from "@holdfast/protocol";
import { loggedCommand } from "./call-log.ts";
import type { Phase } from "./kill-plan.ts";
import type { Random } from "./random.ts";

/** Bytes of a file that comes with an input: over 64 KiB, so that it becomes a file of the blob store (D-28). */
const ATTACHED_BYTES = 90_000;

/** What a prompt is made of: `mark` is its own everywhere, `root` the torture's directory. */
type Making = { phase: Phase; mark: string; random: Random; root: string; isNative: boolean };

/** What the question of a prompt asks for. */
const QUESTION_FIELD = "count";

const KINDS: Readonly<Record<string, (random: Random, making: Making) => string>> = {
  streaming: (random) => `SLOW ${random.int(20, 200)} ${random.int(1, 8)}`,
  tool: (random, { root, mark }) =>
    random.pick([
      `BASH ${loggedCommand(root, mark, "for i in 1 2 3 4 5 6; do echo line $i; sleep 0.03; done")}`,
      `BASH ${loggedCommand(root, mark, "sleep 0.01")}`,
      `OUTPUT ${random.int(100, 30_000)}\nWRITE notes-${random.int(1, 5)}.txt some text`,
      `OUTPUT ${random.int(60_000, 200_000)}`,
    ]),
  permission: () => "ASK may I go on",
  "own-turn": (random) =>
    `WAKE ${random.pick(["now", "now", "next"])} SLOW ${random.int(10, 60)} ${random.int(1, 5)} ; ${random.pick(["SAY woken", "WRITE own.txt mine", "BASH sleep 0.05"])}`,
  // Longer than a server needs to come back and end what its predecessor left, and than a stop is away.
  "long-call": (_, { root, mark }) => `BASH ${loggedCommand(root, mark, "sleep 3")}`,
  question: () => `ASKFORM How many? | ${QUESTION_FIELD}!: integer 1..9`,
  retry: (random) => `RETRY ${random.int(1, 80)} slow down\nSLOW 10 2`,
  compaction: (random) => `COMPACT in short\nSLOW ${random.int(5, 30)} 3`,
  finalization: () => "THINK a little\nPLAN one | two",
  checkpoint: (random) => `OUTPUT ${random.int(20_000, 200_000)}\nSLOW ${random.int(300, 900)} 1`,
  other: (random) =>
    random.pick([
      "SPAWN\nSLOW 20 5",
      "REMEMBER heron\nRECALL",
      "FAIL 500 on purpose",
      "SLOW 5 0",
      "THINK it over\nSLOW 30 2",
    ]),
};

const QUESTION = { question: "How many?", header: "Count", options: [{ label: "one" }, { label: "two" }] };
const QUESTIONING = `CALL question ${JSON.stringify({ questions: [QUESTION] })}\nSAY thank you`;

/** What Holdfast's own agent is asked by way of the scripted model: the same, as far as the two have the same, and what it alone has. */
const NATIVE_KINDS: typeof KINDS = {
  ...pick(KINDS, ["streaming", "tool", "long-call", "finalization"]),
  permission: (random) => random.pick(["ASK may I go on", QUESTIONING]),
  subtask: (random, making) => `CALL task ${JSON.stringify(taskOf(random, making))}\nSAY they answered`,
  question: () => QUESTIONING,
  retry: (random) => `${failedTry(random)}\nSLOW 10 2`,
  compaction: (random, { mark }) => `${filled(mark)}\nSLOW ${random.int(5, 30)} 3`,
  beside: (_, { root, mark }) => {
    const call = (name: string, seconds: string) =>
      `bash ${JSON.stringify({ command: loggedCommand(root, `${mark}-${name}`, `sleep ${seconds}`) })}`;
    return `PIECES 4 5\nCALL ${call("a", "0.1")}\nALSO ${call("b", "0.3")}\nALSO ${call("c", "0.01")}\nSAY all three`;
  },
  other: (random, { root, mark }) =>
    random.pick([
      `CUT\nBASH ${loggedCommand(root, `${mark}-cut`, "sleep 0.05")}`,
      'BROKEN bash {"command": "ec\nSAY so be it',
      "SLOW 20 2\nEND length",
      `CALL list {"path":"."}\nCALL list {"path":"."}\nCALL list {"path":"."}\nCALL list {"path":"."}\nSAY enough`,
      "THINK it over\nSLOW 30 2",
      "FAIL 400 on purpose",
    ]),
};

function pick(kinds: typeof KINDS, names: readonly string[]): typeof KINDS {
  return Object.fromEntries(Object.entries(kinds).filter(([name]) => names.includes(name)));
}

/** A try that fails and says when the next may come. */
function failedTry(random: Random): string {
  const told = { text: "slow down", headers: { "retry-after-ms": String(random.int(1, 80)) } };
  return `FAIL ${random.pick([429, 503])} ${JSON.stringify(told)}`;
}

/** More tokens than the model's context has, so that the next step comes after a compaction. */
const FULL = { input: 2_000_000, output: 10 };

/** A step that fills the context, and goes on. */
function filled(mark: string): string {
  const todos = [{ content: mark, status: "pending", priority: "low" }];
  return `CALL todo ${JSON.stringify({ todos })}\nUSAGE ${JSON.stringify(FULL)}`;
}

function taskOf(random: Random, { root, mark }: Making): object {
  const command = loggedCommand(root, `${mark}-task`, `sleep ${random.pick(["0.01", "0.3"])}`);
  const agent = random.pick(["general", "general", "explore"]);
  const work = agent === "general" ? `BASH ${command}` : "READ notes-1.txt";
  return { agent, description: `of ${mark}`, prompt: `${SUBTASK_PROMPT}${mark}\n${work}\nSAY done` };
}

/** A prompt whose first line is its own everywhere; what follows suits the phase more often than not. */
export function promptFor(making: Making): string {
  const { phase, mark, random, isNative } = making;
  const kinds = isNative ? NATIVE_KINDS : KINDS;
  const suited = kinds[phase];
  const kind = suited !== undefined && random.chance(0.7) ? suited : random.pick(Object.values(kinds));
  const script = `SAY ${mark}.\n${kind(random, making)}`;
  return isNative ? `${FROM_HERE}\n${script}${behindNative(making)}` : `${script}${behind(making)}`;
}

/** The scripted model does nothing of what stands before it: our own agent tells a message that got no answer together with the next. */
export const FROM_HERE = "#turn 1";

/** A person's answer to the question of a prompt: to that of our own agent one of its choices. */
export const answerTo = (random: Random, question: Pick<Question, "fields">): object => {
  const [field] = question.fields;
  const value = field?.type === "one" ? "two" : random.int(1, 9);
  const accepted = { action: "accept", content: { [field?.name ?? QUESTION_FIELD]: value } };
  return random.pick([accepted, accepted, { action: "decline" }, { action: "cancel" }]);
};

/** Now and then with a command, a retry or a compaction, so that many are at work somewhere when a kill or a stop comes. */
function behind({ mark, random, root }: Making): string {
  const drawn = random.int(1, 100);
  if (drawn <= 25)
    return `\nBASH ${loggedCommand(root, `${mark}-x`, `sleep ${random.pick(["0.01", "0.2", "1.5"])}`)}`;
  if (drawn <= 31) return "\nRETRY 20 slow down\nSLOW 5 2";
  return drawn <= 37 ? "\nCOMPACT in short\nSLOW 5 2" : "";
}

function behindNative({ mark, random, root }: Making): string {
  const drawn = random.int(1, 100);
  if (drawn <= 25)
    return `\nBASH ${loggedCommand(root, `${mark}-x`, `sleep ${random.pick(["0.01", "0.2", "1.5"])}`)}`;
  if (drawn <= 40) return `\n${failedTry(random)}\nSLOW 5 2`;
  return drawn <= 50 ? `\n${filled(`${mark}-x`)}\nSLOW 5 2` : "";
}

type SentPart =
  | { type: "text"; text: string }
  | { type: "subtask"; agent: string; description: string; prompt: string }
  | { type: "file"; mime: string; filename: string; url: string };

/** What the prompts of subtasks begin with; each goes on with a mark of its own, so no agent is given one twice. */
export const SUBTASK_PROMPT = "SAY sub-";

/** Now and then with a file of its own content, or with a subtask before it. */
export function partsFor(text: string, phase: Phase, random: Random): SentPart[] {
  const parts: SentPart[] = [{ type: "text", text }];
  if (random.chance(phase === "subtask" ? 0.7 : 0.05)) {
    const [, mark = ""] = /^SAY (.*)$/m.exec(text) ?? [];
    const prompt = `${SUBTASK_PROMPT}${mark}\nSLOW ${random.int(5, 40)} 4`;
    parts.unshift({ type: "subtask", agent: "rehearsal", description: `of ${mark}`, prompt });
  }
  if (random.chance(0.08)) {
    const content = Buffer.from(text.padEnd(ATTACHED_BYTES, `${text}\n`)).toString("base64");
    parts.push({
      type: "file",
      mime: "text/plain",
      filename: "notes.txt",
      url: `data:text/plain;base64,${content}`,
    });
  }
  return parts;
}
