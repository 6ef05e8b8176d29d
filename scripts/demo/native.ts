/**
 * Holdfast's own agent in a real repository: it reads, edits and runs a command that a person allows, gives a piece of work to another agent, is
 * compacted, answers as JSON, and goes on after `kill -9` of the server in the middle of a tool and of an answer. The model is the scripted one of
 * the tests; with HOLDFAST_MODEL_URL and HOLDFAST_MODEL it is any that speaks as OpenAI's do (its key in ENDPOINT_API_KEY, where it takes one).
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient, type HoldfastClient } from "@holdfast/client";
import type { Message, OutputFormat, Part, Turn } from "@holdfast/protocol";
import { startModel } from "../../test/model/index.ts";
import { repository, show, start } from "./stage.ts";

/** What the model is said to hold, in tokens: so little that the long file of the demo fills it. */
const CONTEXT = 24_000;
const TURN_MS = 120_000;
const LOOK_MS = 50;

const LOG_LINE = "2026-11-30 12:00:00 deployed the greeting service, nothing to report\n";
const FILES = {
  "README.md": "# Greetings\n\nSays hello. `node test.mjs` checks it.\n",
  "greet.mjs": "export const greet = (name) => `Hello, ${name}`;\n",
  "test.mjs":
    'import { greet } from "./greet.mjs";\nif (greet("you") !== "Hello, you!") throw new Error("no");\nconsole.log("ok");\n',
  "history.log": LOG_LINE.repeat(640),
};

/** What is asked, in words for a real model and in lines for the scripted one. */
type Prompt = { title: string; words: string; script: string; format?: OutputFormat };

const edit = { path: "greet.mjs", oldString: "Hello, ${name}`", newString: "Hello, ${name}!`" };

const PROMPTS = {
  change: {
    title: "It reads, edits, and asks before it runs a command",
    words:
      "Read README.md, make the test pass by changing greet.mjs with the edit tool, and run `node test.mjs`.",
    script: `READ README.md\nREAD greet.mjs\nCALL edit ${JSON.stringify(edit)}\nBASH node test.mjs\nSAY The test passes.\nREMEMBER heron`,
  },
  task: {
    title: "It gives work to another agent",
    words: "Let the explore agent (task tool) find out which files import greet.mjs.",
    script: `CALL task ${JSON.stringify({ agent: "explore", description: "Who imports greet.mjs", prompt: 'CALL grep {"pattern":"greet.mjs"}\nSAY test.mjs imports it.' })}\nSAY The other agent answered.`,
  },
  fill: {
    title: "A long file fills the context",
    words: "Read history.log whole and say in one sentence what is in it.",
    script: "READ history.log\nSAY Nothing but deployments.",
  },
  compacted: {
    title: "So it is compacted, and still knows what matters",
    words: "Which file did you change at the beginning?",
    script: "RECALL",
  },
  json: {
    title: "It answers as JSON",
    words: "Tell the number of files in this directory and their language.",
    script: 'CALL StructuredOutput {"files":4,"language":"JavaScript"}',
    format: {
      type: "json_schema",
      retryCount: 2,
      schema: {
        type: "object",
        properties: { files: { type: "integer" }, language: { type: "string" } },
        required: ["files", "language"],
        additionalProperties: false,
      },
    },
  },
  tool: {
    title: "kill -9 in the middle of a tool",
    words: "Run exactly this command: echo begun >> calls.log; sleep 20; echo done >> calls.log",
    script: "BASH echo begun >> calls.log; sleep 20; echo done >> calls.log\nSAY Ran it.",
  },
  step: {
    title: "kill -9 in the middle of an answer",
    words: "Count from 1 to 400, one number a line.",
    script: "SLOW 400 25",
  },
  after: {
    title: "It goes on, and is told what was cut off",
    words: "What became of the command that you ran, and of your counting? Do not run it again.",
    script: "SAY The command was interrupted, and so was my answer.",
  },
} satisfies Record<string, Prompt>;

class Stage {
  readonly #env: NodeJS.ProcessEnv;
  readonly #data: string;
  readonly #isScripted: boolean;
  #server: ChildProcess | undefined;
  #client: HoldfastClient | undefined;
  #turn = 0;
  session = "";

  constructor(env: NodeJS.ProcessEnv, data: string, isScripted: boolean) {
    this.#env = env;
    this.#data = data;
    this.#isScripted = isScripted;
  }

  get client(): HoldfastClient {
    if (this.#client === undefined) throw new Error("There is no server.");
    return this.#client;
  }

  async start(): Promise<void> {
    this.#server = await start(this.#env);
    const { url } = JSON.parse(await readFile(join(this.#data, "server.json"), "utf8")) as { url: string };
    const token = (await readFile(join(this.#data, "token"), "utf8")).trim();
    this.#client = createClient({ url, token });
  }

  /** Kills the server, not `npm` before it. */
  async kill(): Promise<void> {
    const { pid } = JSON.parse(await readFile(join(this.#data, "server.json"), "utf8")) as { pid: number };
    show("$ kill -9 <the server>");
    const gone = this.#server && once(this.#server, "exit");
    process.kill(pid, "SIGKILL");
    await gone;
  }

  async end(): Promise<void> {
    this.#server?.kill("SIGTERM");
    if (this.#server?.exitCode === null) await once(this.#server, "exit");
  }

  /** Asks, and answers the turn's id at once. */
  async ask({ title, words, script, format }: Prompt): Promise<string> {
    this.#turn += 1;
    show(`\n# ${title}`);
    show(`> ${this.#isScripted ? script.split("\n").join(" ; ") : words}`);
    const text = this.#isScripted ? `#turn ${this.#turn}\n${script}` : words;
    const admitted = await this.client.admitInput(this.session, {
      parts: [{ type: "text", text }],
      ...(format === undefined ? {} : { format }),
    });
    return admitted.turn.id;
  }

  /** Until this is so, a person allowing what is asked for meanwhile. */
  async until(isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + TURN_MS;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error("It took too long.");
      const { items } = await this.client.listPermissions({ state: "pending", sessionId: this.session });
      for (const { id, title } of items) {
        show(`  ? ${title} -> once`);
        await this.client.replyPermission(id, { reply: "once" });
      }
      await delay(LOOK_MS);
    }
  }

  async ended(turnId: string): Promise<Turn> {
    let turn = await this.client.getTurn(turnId);
    await this.until(async () => {
      turn = await this.client.getTurn(turnId);
      return ["completed", "failed", "aborted"].includes(turn.state);
    });
    await this.#tell(turn);
    return turn;
  }

  async messages(turnId: string): Promise<Message[]> {
    const { items } = await this.client.listMessages(this.session, { limit: 200 });
    return items.filter(({ info }) => info.turnId === turnId);
  }

  async #tell(turn: Turn): Promise<void> {
    for (const { info, parts } of await this.messages(turn.id))
      if (info.role === "assistant") for (const line of parts.flatMap(lineOf)) show(`  ${line}`);
    const { tokens, cost } = turn.usage ?? {};
    show(
      `  = ${turn.state}, ${tokens?.total ?? "?"} tokens${cost === undefined ? "" : `, $${cost.toFixed(4)}`}`,
    );
  }
}

function lineOf(part: Part): string[] {
  if (part.type === "text") return part.text.trim() === "" ? [] : [part.text.trim().slice(0, 160)];
  if (part.type === "compaction") return ["- the session was compacted"];
  if (part.type === "retry") return [`- try ${part.number} failed: ${part.error.data.message}`];
  if (part.type !== "tool") return [];
  const { state } = part;
  const title = "title" in state && state.title !== undefined ? state.title : part.tool;
  return [`- ${part.tool}: ${title} (${state.status}${state.status === "error" ? `: ${state.error}` : ""})`];
}

export async function nativeDemo(home: string): Promise<boolean> {
  const { HOLDFAST_MODEL_URL: ownUrl, HOLDFAST_MODEL: ownModel } = process.env;
  const scripted = ownUrl === undefined ? await startModel({ details: true }) : undefined;
  const model = ownModel ?? "fake-1";
  const price = scripted === undefined ? {} : { price: { input: 3, output: 15, cacheRead: 0.3 } };
  const config = { providers: { endpoint: { models: { [model]: { context: CONTEXT, ...price } } } } };
  const [repo, data, settings] = [join(home, "repository"), join(home, "data"), join(home, "config")];
  await repository(repo, FILES);
  await mkdir(join(settings, "holdfast"), { recursive: true });
  await writeFile(join(settings, "holdfast", "config.jsonc"), JSON.stringify(config));
  const stage = new Stage(
    {
      ...process.env,
      XDG_CONFIG_HOME: settings,
      HOLDFAST_DATA_DIR: data,
      HOLDFAST_PORT: "0",
      HOLDFAST_LOG_LEVEL: "warn",
      HOLDFAST_MODEL_URL: ownUrl ?? `${scripted?.url}/v1`,
      HOLDFAST_MODEL: model,
      NO_COLOR: "1",
    },
    data,
    scripted !== undefined,
  );
  try {
    await stage.start();
    return await play(stage, repo, scripted !== undefined);
  } finally {
    await stage.end();
    await scripted?.close();
  }
}

async function play(stage: Stage, repo: string, isScripted: boolean): Promise<boolean> {
  const session = { directory: repo, agent: "native:build", approvalMode: "edits" } as const;
  stage.session = (await stage.client.createSession(session)).id;
  const turn = async (prompt: Prompt) => {
    const ended = await stage.ended(await stage.ask(prompt));
    if (ended.state !== "completed")
      throw new Error(`The turn ${ended.state}: ${JSON.stringify(ended.error)}`);
    return ended;
  };
  const checks: Record<string, boolean> = {};
  const said = async (turnId: string) => JSON.stringify(await stage.messages(turnId));

  const changed = await turn(PROMPTS.change);
  checks["the file was changed and the test ran"] =
    (await readFile(join(repo, "greet.mjs"), "utf8")).includes("!`") &&
    (await said(changed.id)).includes("ok");
  const task = await turn(PROMPTS.task);
  checks["the other agent has a session of its own"] = (await said(task.id)).includes("ses_");
  await turn(PROMPTS.fill);
  const compacted = await turn(PROMPTS.compacted);
  checks["it was compacted"] = (await said(compacted.id)).includes('"compaction"');
  checks["it knows what was before"] = (await said(compacted.id)).includes(isScripted ? "heron" : "greet");
  const json = await turn(PROMPTS.json);
  checks["the answer fits its schema"] = (await said(json.id)).includes('"structured":{');

  const calls = () => readFile(join(repo, "calls.log"), "utf8").catch(() => "");
  const tool = await stage.ask(PROMPTS.tool);
  await stage.until(async () => (await calls()).includes("begun"));
  await stage.kill();
  await stage.start();
  await stage.ended(tool);
  const step = await stage.ask(PROMPTS.step);
  const isSpeaking = async () =>
    (await stage.messages(step)).some(
      ({ info, parts }) =>
        info.role === "assistant" && parts.some((part) => part.type === "text" && part.text.length > 20),
    );
  await stage.until(isSpeaking);
  await stage.kill();
  await stage.start();
  await stage.ended(step);
  checks["what was said of the answer is there"] = await isSpeaking();
  await turn(PROMPTS.after);
  checks["the command ran once"] = (await calls()).match(/begun/g)?.length === 1;

  show("");
  for (const [what, isSo] of Object.entries(checks)) show(`${isSo ? "yes" : "NO "} ${what}`);
  return Object.values(checks).every(Boolean);
}
