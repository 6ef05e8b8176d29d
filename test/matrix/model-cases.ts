/** Cases of the session model: what a session keeps of an answer in JSON, tries, an overflow, steps, attachments and questions. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AssistantMessage, Message, Part, Question, Turn } from "@holdfast/protocol";
import { until } from "../harness/index.ts";
import { DOT } from "../real-agents/neutral.ts";
import { type Bench, outcomeOf, type Place, RETRY_MS, STEP_MS } from "./bench.ts";

const SCHEMA = { type: "object", properties: { bird: { type: "string" } }, required: ["bird"] };

/** What is said is not the same to an agent that reads the script itself and to one whose model does. */
const lines = (bench: Bench, script: { model: string[]; itself: string[] }): string[] =>
  bench.agent.isScripted ? script.model : script.itself;

async function answersOf(bench: Bench, place: Place, turn: Turn): Promise<Message[]> {
  const { items } = await bench.client.listMessages(place.sessionId, { limit: 100 });
  return items.filter(({ info }) => turn.assistantMessageIds.includes(info.id));
}

const partsOf = <T extends Part["type"]>(
  answers: readonly Message[],
  type: T,
): Extract<Part, { type: T }>[] =>
  answers
    .flatMap(({ parts }) => parts)
    .filter((part): part is Extract<Part, { type: T }> => part.type === type);

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

async function jsonAnswer(bench: Bench): Promise<string> {
  const place = await bench.newPlace();
  const { turn } = await bench.client.admitInput(place.sessionId, {
    ...bench.prompt("SAY a heron", 'LATER {"bird": "heron"}'),
    format: { type: "json_schema", schema: SCHEMA, retryCount: 2 },
  });
  const ended = await bench.ended(turn);
  const answers = (await answersOf(bench, place, ended)).map(({ info }) => info as AssistantMessage);
  const failed = answers.filter(({ metadata }) => metadata?.["validation"] !== undefined).length;
  const value = JSON.stringify(answers.at(-1)?.structured);
  return `${outcomeOf(ended)}, ${counted(failed, "failed answer")}, ${value}`;
}

async function retried(bench: Bench): Promise<string> {
  const place = await bench.newPlace();
  const script = lines(bench, {
    model: ["FAIL 500 broke", "SAY recovered"],
    itself: ["RETRY 1 broke", "SAY recovered"],
  });
  const { turn, text } = await bench.ask(place, ...script);
  const tries = partsOf(await answersOf(bench, place, turn), "retry");
  const told = tries.length === 0 ? "told nothing of it" : counted(tries.length, "retry part");
  return `${outcomeOf(turn)}, ${told}${text.includes("recovered") ? ", recovered" : ""}`;
}

async function overflow(bench: Bench): Promise<string> {
  const place = await bench.newPlace();
  await bench.ask(place, "REMEMBER heron");
  const message = "prompt is too long: 9 > 8";
  const body = { error: { type: "invalid_request_error", message } };
  const script = lines(bench, {
    model: [`FAIL 400 ${JSON.stringify({ body })}`, "SAY after"],
    itself: [`FAIL ${message}`],
  });
  const { turn, text } = await bench.ask(place, ...script);
  const compactions = partsOf(await answersOf(bench, place, turn), "compaction").length;
  const told = compactions === 0 ? "" : `, ${counted(compactions, "compaction part")}`;
  return `${outcomeOf(turn)}${told}${text.includes("after") ? ", went on" : ""}`;
}

async function steps(bench: Bench): Promise<string> {
  const place = await bench.newPlace("all");
  const { turn } = await bench.ask(place, "WRITE one.txt a", "WRITE two.txt b", "SAY done");
  const answers = await answersOf(bench, place, turn);
  const tools = partsOf(answers, "tool").filter(({ state }) => state.status === "completed").length;
  const edges = Math.min(partsOf(answers, "step-start").length, partsOf(answers, "step-finish").length);
  return `${outcomeOf(turn)}, ${counted(answers.length, "answer")}, ${counted(edges, "step")}, ${counted(tools, "tool")}`;
}

async function toolImage(bench: Bench): Promise<string> {
  const place = await bench.newPlace("all");
  const picture = join(place.directory, "picture.png");
  await writeFile(picture, DOT);
  const read =
    bench.agent.id === "goose"
      ? `CALL read_image ${JSON.stringify({ source: picture })}`
      : "READ picture.png";
  const script = lines(bench, { model: [read, "SAY seen"], itself: ["ATTACH image dot", "SAY seen"] });
  const { turn } = await bench.ask(place, ...script);
  const images = partsOf(await answersOf(bench, place, turn), "tool").flatMap(({ state }) =>
    state.status === "completed" ? (state.attachments ?? []).map(({ mime }) => mime) : [],
  );
  return `${outcomeOf(turn)}, ${images.length === 0 ? "no attachment" : images.join(", ")}`;
}

async function question(bench: Bench): Promise<string> {
  const place = await bench.newPlace();
  const options = ["Red", "Blue"].map((label) => ({ label, description: "a colour" }));
  const asked = [{ question: "Which colour?", header: "Colour", multiSelect: false, options }];
  const tool = bench.agent.id === "qwen" ? "ask_user_question" : "question";
  const script = lines(bench, {
    model: [`CALL ${tool} ${JSON.stringify({ questions: asked })}`, "SAY done"],
    itself: ["ASKFORM Which colour? | colour: one Red, Blue"],
  });
  const turn = await bench.admit(place, ...script);
  const waiting = await until(
    "the question",
    async (): Promise<Question | "none" | undefined> => {
      const { items } = await bench.client.listQuestions({ sessionId: place.sessionId });
      if (items[0] !== undefined) return items[0];
      return (await bench.client.getTurn(turn.id)).time.ended === undefined ? undefined : "none";
    },
    STEP_MS,
  );
  if (waiting === "none") return `${outcomeOf(await bench.ended(turn))}, asked nothing`;
  const { status } = await bench.client.getSession(place.sessionId);
  const name = waiting.fields?.[0]?.name ?? "";
  await bench.client.replyQuestion(waiting.id, { action: "accept", content: { [name]: "Red" } });
  const ended = await bench.ended(turn);
  const { items } = await bench.client.listQuestions({ sessionId: place.sessionId });
  const answers = await answersOf(bench, place, ended);
  const isHeard = answers.some(({ parts }) =>
    parts.some((part) => {
      if (part.type === "text") return part.text.includes("Red");
      return part.type === "tool" && part.state.status === "completed" && part.state.output.includes("Red");
    }),
  );
  const states = items.map(({ state }) => state).join(", ");
  return `${status}; ${outcomeOf(ended)}, ${states}, ${isHeard ? "heard" : "not heard"}`;
}

async function limit(bench: Bench): Promise<string> {
  const place = await bench.newPlace();
  const refusal = { text: "You have reached your usage limit.", headers: { "retry-after": "3600" } };
  const script = lines(bench, {
    model: [`FAIL 429 ${JSON.stringify(refusal)}`],
    itself: ["LIMIT 3600000"],
  });
  const { turn, triesOn } = await bench.endedOrTired(await bench.admit(place, ...script));
  if (triesOn) return `tries on; cancel: ${outcomeOf(turn)}`;
  const { suspended } = await bench.client.getSession(place.sessionId);
  return `${outcomeOf(turn)}, ${suspended === undefined ? "not suspended" : "suspended until the reset"}`;
}

async function subtask(bench: Bench): Promise<string> {
  const place = await bench.newPlace();
  const [words] = bench.prompt("SAY a heron").parts;
  const prompt = words?.type === "text" ? words.text : "";
  const part = { type: "subtask", agent: bench.agent.id, description: "Look", prompt } as const;
  const parts = [part, ...bench.prompt("SAY done").parts];
  const ended = await bench.ended((await bench.client.admitInput(place.sessionId, { parts })).turn);
  const answers = await answersOf(bench, place, ended);
  const results = partsOf(answers, "tool").map(({ state }) =>
    state.status === "completed" && state.output.includes("a heron") ? "its answer as a call" : state.status,
  );
  const children = (await bench.client.listSessions({ parentId: place.sessionId })).items.length;
  return `${outcomeOf(ended)}, ${counted(children, "child session")}, ${results.join(", ")}`;
}

export const MODEL_CASES = {
  "json-answer": {
    title: "an answer in JSON, after one that does not fit",
    does: "The answer must fit a schema; the first does not, and is asked for again.",
    play: jsonAnswer,
  },
  retried: {
    title: "a model error 500 that is tried again",
    does: "The model fails once, and answers the next try.",
    play: retried,
  },
  overflow: {
    title: "a prompt that is too long",
    does: "The model refuses the second prompt as too long for it.",
    play: overflow,
  },
  steps: {
    title: "several steps with tools",
    does: "Two files are written, each by a call of its own, before the last words.",
    play: steps,
  },
  "tool-image": {
    title: "a picture from a tool",
    does: "A tool reads a picture.",
    play: toolImage,
  },
  question: {
    title: "a question to a person",
    does: "The agent asks, a person chooses, the agent goes on.",
    play: question,
  },
  limit: {
    title: "a usage limit with its reset",
    does: `The model's provider refuses with 429 and says when it takes requests again, in an hour; who still tries after ${RETRY_MS / 1000} s is cancelled.`,
    play: limit,
  },
  subtask: {
    title: "a subtask",
    does: "A part of the input is run as a child session by the same agent before the rest.",
    play: subtask,
  },
};
