/**
 * Records the event streams of the real opencode for the golden tests of its backend: what the client did and what the stream brought, in the
 * order in which both happened. Paths, the model's port and the machine's home are made neutral.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { realAgent } from "../../test-agents/agents.ts";
import { startModel } from "../model/index.ts";
import { DOT } from "./neutral.ts";

/** One line of a recording. A prompt's id stands for the one that a replay chooses. */
type Line =
  | { from: "client"; call: "prompt"; messageId: string; text: string }
  | { from: "client"; call: "reply"; reply: "once" | "reject" }
  | { from: "client"; call: "answer"; answer: string }
  | { from: "client"; call: "abort" }
  | { from: "server"; event: Event };

type Event = { type: string; properties: Record<string, unknown> };

const PASSWORD = "recording";
const WAIT_MS = 60_000;
/** After the last idle event, for what comes behind it. */
const TRAIL_MS = 1_000;

const target = path.join(import.meta.dirname, "../../packages/server/test/golden/opencode");

/** The few routes that a recording needs, without a client in between that could change what comes. */
class Server {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, directory: string) {
    this.#url = url;
    this.#headers = {
      authorization: `Basic ${Buffer.from(`opencode:${PASSWORD}`).toString("base64")}`,
      "content-type": "application/json",
      "x-opencode-directory": encodeURIComponent(directory),
    };
  }

  async post(route: string, body: unknown): Promise<unknown> {
    const init = { method: "POST", headers: this.#headers, body: JSON.stringify(body) };
    const response = await fetch(new URL(route, this.#url), init);
    if (!response.ok) throw new Error(`${route} was answered with ${response.status}`);
    return response.status === 204 ? undefined : await response.json();
  }

  /** The events as they come; ends with the signal. */
  async *events(signal: AbortSignal): AsyncGenerator<Event> {
    const response = await fetch(new URL("/event", this.#url), { headers: this.#headers, signal });
    let rest = "";
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const frames = (rest + chunk).split("\n\n");
        rest = frames.pop() ?? "";
        for (const frame of frames) yield JSON.parse(frame.replace(/^data: /, "")) as Event;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

class Recording {
  readonly lines: Line[] = [];
  readonly #server: Server;
  readonly sessionId: string;
  readonly directory: string;
  readonly #watchers = new Set<() => void>();
  #prompts = 0;

  constructor(server: Server, sessionId: string, directory: string) {
    this.#server = server;
    this.sessionId = sessionId;
    this.directory = directory;
  }

  add(line: Line): void {
    this.lines.push(line);
    for (const look of this.#watchers) look();
  }

  /** The next event from here on that matches. */
  async next(type: string, matches: (event: Event) => boolean = () => true): Promise<Event> {
    const from = this.lines.length;
    const found = Promise.withResolvers<Event>();
    const look = () => {
      for (const line of this.lines.slice(from)) {
        if (line.from === "server" && line.event.type === type && matches(line.event))
          found.resolve(line.event);
      }
    };
    this.#watchers.add(look);
    const late = new AbortController();
    const timer = sleep(WAIT_MS, undefined, { signal: late.signal }).then(() => {
      throw new Error(`no ${type} within ${WAIT_MS} ms`);
    });
    timer.catch(() => undefined);
    try {
      return await Promise.race([found.promise, timer]);
    } finally {
      late.abort();
      this.#watchers.delete(look);
    }
  }

  async prompt(text: string): Promise<void> {
    this.#prompts += 1;
    const time = (BigInt(Date.now()) << 12n) & 0xffff_ffff_ffffn;
    const messageID = `msg_${time.toString(16).padStart(12, "0")}recorded${String(this.#prompts).padStart(6, "0")}`;
    this.add({ from: "client", call: "prompt", messageId: messageID, text });
    const parts = [{ type: "text" as const, text: `#turn ${this.#prompts}\n${text}` }];
    await this.#server.post(`/session/${this.sessionId}/prompt_async`, { messageID, parts });
  }

  async reply(reply: "once" | "reject", request: Event): Promise<void> {
    this.add({ from: "client", call: "reply", reply });
    await this.#server.post(`/permission/${String(request.properties["id"])}/reply`, { reply });
  }

  /** Chooses one option of a question. */
  async answer(answer: string, question: Event): Promise<void> {
    this.add({ from: "client", call: "answer", answer });
    await this.#server.post(`/question/${String(question.properties["id"])}/reply`, { answers: [[answer]] });
  }

  async abort(): Promise<void> {
    this.add({ from: "client", call: "abort" });
    await this.#server.post(`/session/${this.sessionId}/abort`, {});
  }
}

const cases: Record<string, (recording: Recording) => Promise<void>> = {
  async text(recording) {
    let idle = recording.next("session.idle");
    await recording.prompt("THINK about the answer\nSAY Hello from the script.\nREMEMBER walrus");
    await idle;
    await sleep(TRAIL_MS);
    idle = recording.next("session.idle");
    await recording.prompt("RECALL");
    await idle;
  },
  async tool(recording) {
    const idle = recording.next("session.idle");
    let asked = recording.next("permission.asked");
    await recording.prompt(
      "SAY I will write a file.\nWRITE notes.txt a grey seal\nBASH echo made > other.txt\nSAY Both are done.",
    );
    const first = await asked;
    asked = recording.next("permission.asked");
    await recording.reply("once", first);
    await recording.reply("once", await asked);
    await idle;
  },
  async reject(recording) {
    const idle = recording.next("session.idle");
    const asked = recording.next("permission.asked");
    await recording.prompt("BASH touch never.txt\nSAY Never said.");
    await recording.reply("reject", await asked);
    await idle;
  },
  async cancel(recording) {
    let words = 0;
    const streaming = recording.next("message.part.delta", () => (words += 1) > 5);
    await recording.prompt("SLOW 500 50");
    await streaming;
    const error = recording.next(
      "message.updated",
      (event) => "error" in (event.properties["info"] as object),
    );
    await recording.abort();
    await error;
    await sleep(TRAIL_MS);
    const idle = recording.next("session.idle");
    await recording.prompt("SAY after the stop");
    await idle;
  },
  async error(recording) {
    const idle = recording.next(
      "message.updated",
      (event) => "error" in (event.properties["info"] as object),
    );
    await recording.prompt("FAIL 400 the script says no");
    await idle;
  },
  async retry(recording) {
    const idle = recording.next("session.idle");
    await recording.prompt("SAY begun\nFAIL 500 broke\nSAY recovered");
    await idle;
  },
  async compaction(recording) {
    let idle = recording.next("session.idle");
    await recording.prompt("REMEMBER walrus");
    await idle;
    await sleep(TRAIL_MS);
    idle = recording.next("session.idle");
    const body = { error: { type: "invalid_request_error", message: "prompt is too long: 9 > 8" } };
    await recording.prompt(`FAIL 400 ${JSON.stringify({ body })}\nSAY after`);
    await idle;
  },
  async image(recording) {
    await writeFile(path.join(recording.directory, "picture.png"), DOT);
    const idle = recording.next("session.idle");
    const asked = recording.next("permission.asked");
    await recording.prompt("READ picture.png\nSAY It is a dot.");
    await recording.reply("once", await asked);
    await idle;
  },
  async question(recording) {
    const idle = recording.next("session.idle");
    const asked = recording.next("question.asked");
    const options = ["Red", "Blue"].map((label) => ({ label, description: "a colour" }));
    const questions = [{ question: "Which colour?", header: "Colour", options }];
    await recording.prompt(`CALL question ${JSON.stringify({ questions })}\nSAY done`);
    await recording.answer("Red", await asked);
    await idle;
  },
};

/** Records each wanted case (`opencode/text`) into a file of its own. */
export async function recordOpencode(isWanted: (file: string) => boolean): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const [name, play] of Object.entries(cases))
    if (isWanted(`opencode/${name}`)) await recordCase(name, play);
}

async function recordCase(name: string, play: (recording: Recording) => Promise<void>): Promise<void> {
  const root = await mkdtemp(path.join(os.tmpdir(), "holdfast-golden-"));
  const [home, cwd] = [path.join(root, "home"), path.join(root, "work")];
  await mkdir(cwd);
  const model = await startModel();
  const agent = realAgent("opencode", { modelUrl: model.url, home });
  await agent.prepare();
  const [program = ""] = agent.command;
  const env = { PATH: process.env["PATH"] ?? "", ...agent.env, OPENCODE_SERVER_PASSWORD: PASSWORD };
  const child = spawn(program, ["serve", "--hostname", "127.0.0.1", "--port", "0"], { cwd, env });
  const exited = once(child, "exit");
  try {
    const server = new Server(await readUrl(child.stdout), cwd);
    const permission = [{ permission: "*", pattern: "*", action: "ask" }];
    const session = (await server.post("/session", { permission })) as { id: string };
    const recording = new Recording(server, session.id, cwd);
    const over = new AbortController();
    const reading = follow(server.events(over.signal), recording);
    await sleep(TRAIL_MS);
    await play(recording);
    await sleep(TRAIL_MS);
    over.abort();
    await reading;
    await save(name, recording.lines, [
      [cwd, "/home/user/project"],
      [cwd.slice(1), "home/user/project"],
      [home, "/home/user"],
      [model.url, "http://127.0.0.1:1"],
    ]);
  } finally {
    child.kill("SIGKILL");
    await exited;
    await model.close();
    await rm(root, { recursive: true, force: true });
  }
}

async function follow(stream: AsyncIterable<Event>, recording: Recording): Promise<void> {
  for await (const { type, properties } of stream) {
    // What concerns no session (catalogs, plugins) is the same noise in every recording.
    if (JSON.stringify(properties).includes(recording.sessionId)) {
      recording.add({ from: "server", event: { type, properties } });
    }
  }
}

function readUrl(stdout: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const url = /listening on (http:\S+)/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    });
    stdout.once("end", () => reject(new Error("opencode ended before it listened")));
  });
}

async function save(name: string, lines: Line[], neutral: [string, string][]): Promise<void> {
  let text = `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
  for (const [from, to] of neutral) text = text.replaceAll(from, to);
  await writeFile(path.join(target, `${name}.jsonl`), text);
  process.stdout.write(`opencode/${name}.jsonl: ${lines.length} lines, ${Buffer.byteLength(text)} bytes\n`);
}
