/**
 * Fuzzes the real share service with messages of capnweb, in batches and over WebSockets, and with requests. Afterwards it must do what it is for, over each way. Whatever a
 * peer says, it is answered as the contract says or its connection ends; the thread of capnweb may end, the service never.
 */
import { newId, newRefSecret, secretHash, systemClock } from "@holdfast/kernel";
import { ERROR_CODES, problemSchema, SHARE_METHODS } from "@holdfast/protocol";
import { callInBatch, SocketClient } from "@holdfast/rpc/client";
import { WebSocket } from "ws";
import { type ShareProcess, startShareService } from "../harness/index.ts";
import { Random } from "../torture/random.ts";
import { mutate } from "./mutate.ts";
import { type Known, messageOf, sessionOf } from "./rpc-messages.ts";
import { Watch, type Watched } from "./watch.ts";

const LANES = 8;
const WRONG_KEPT = 50;
const DEADLINE_MS = 120_000;
const KEY = "publish-key-of-the-fuzz".padEnd(40, "x");

export type MessageReport = {
  messages: number;
  sessions: number;
  requests: number;
  answers: Record<string, number>;
  /** How often the thread of capnweb was replaced. */
  replaced: number;
  wrong: string[];
  watched: Watched;
};

export async function fuzzMessages(root: string, messages: number, seed: string): Promise<MessageReport> {
  // Behind a proxy, so that peers come from many addresses and are not all held back as one.
  await using service = await startShareService(root, KEY, ["--behind-proxy"]);
  const known = await prepare(service.url);
  const watch = new Watch(service);
  const run = new MessageFuzz(service, known, seed);
  await run.all(messages);
  const wrong = [...run.wrong];
  for (const [name, works] of await afterwards(service.url, known))
    if (!works) wrong.push(`afterwards: ${name} does not work`);
  const watched = await watch.end();
  if (!service.isAlive()) wrong.push("the service ended");
  const replaced = service.log().split("the thread of capnweb is replaced").length - 1;
  const code = await service.stop();
  if (code !== 0) wrong.push(`the service ended with ${code}`);
  const { sessions, requests, answers } = run;
  return { messages: run.messages, sessions, requests, answers, replaced, wrong, watched };
}

/** A share with something in it to read. */
async function prepare(url: string): Promise<Known> {
  const shareId = newId("shr");
  const [owner, append] = [newRefSecret(), newRefSecret()];
  const grant = (secret: string) => ({ refId: newId("ref"), secretHash: secretHash(secret) });
  const response = await fetch(`${url}/api/shares`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ shareId, title: "Fuzzed", owner: grant(owner), append: grant(append) }),
  });
  if (!response.ok) throw new Error(`The share was not made: ${await response.text()}`);
  return { shareId, secrets: [owner, append, newRefSecret(), "hfs_none"], key: KEY };
}

type Stub = { readSession(args: object): Promise<{ shareId: string }> };
type Main = { share(shareId: string, bearer: string): Stub };

async function afterwards(
  url: string,
  { shareId, secrets: [owner = ""] }: Known,
): Promise<[string, boolean][]> {
  const options = {
    url: new URL("/api/rpc", url),
    clock: systemClock,
    deadlineMs: DEADLINE_MS,
    mostBytes: 1e7,
  };
  const client = new SocketClient<Main>(options);
  const read = (main: unknown) => (main as Main).share(shareId, owner).readSession({});
  const isRead = (answer: Promise<{ shareId: string }>) =>
    answer.then(
      (shared) => shared.shareId === shareId,
      () => false,
    );
  const rest = fetch(`${url}/api/shares/${shareId}`, { headers: { authorization: `Bearer ${owner}` } });
  const works: [string, boolean][] = [
    ["a batch", await isRead(callInBatch<Main, { shareId: string }>(options, read))],
    ["a connection", await isRead(client.call(read))],
    ["a request", (await rest).ok],
  ];
  client.close();
  return works;
}

class MessageFuzz {
  readonly wrong: string[] = [];
  readonly answers: Record<string, number> = {};
  messages = 0;
  sessions = 0;
  requests = 0;
  readonly #service: ShareProcess;
  readonly #known: Known;
  readonly #seed: string;

  constructor(service: ShareProcess, known: Known, seed: string) {
    this.#service = service;
    this.#known = known;
    this.#seed = seed;
  }

  async all(messages: number): Promise<void> {
    let next = 0;
    const lane = async () => {
      while (this.messages < messages) {
        const index = next;
        next += 1;
        await this.#one(index, new Random(`${this.#seed} ${index}`));
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  async #one(index: number, random: Random): Promise<void> {
    const kind = random.next();
    if (kind < 0.15) return this.#request(index, random);
    const texts = random.chance(0.4)
      ? sessionOf(random, this.#known)
      : Array.from({ length: random.int(1, 12) }, () => messageOf(random, this.#known));
    this.sessions += 1;
    this.messages += texts.length;
    const address = `198.51.100.${random.int(0, 255)}`;
    const line = texts.join(" ").slice(0, 1_000);
    try {
      if (kind < 0.6) await this.#batch(index, texts, address);
      else this.#count(await this.#connection(texts, address));
    } catch (error) {
      this.#note(index, `no answer: ${String(error)} <= ${line}`);
    }
  }

  async #batch(index: number, texts: readonly string[], address: string): Promise<void> {
    const response = await fetch(`${this.#service.url}/api/rpc`, {
      method: "POST",
      headers: { "x-forwarded-for": address },
      body: texts.join("\n"),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    await this.#judge(index, response, texts.join(" "));
  }

  /** Answers what ended it: a code, or that it was still open when all was heard. */
  #connection(texts: readonly string[], address: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`${this.#service.url.replace("http", "ws")}/api/rpc`, {
        headers: { "x-forwarded-for": address },
        handshakeTimeout: DEADLINE_MS,
      });
      const timer = setTimeout(() => settle(undefined), DEADLINE_MS);
      const settle = (end: string | undefined): void => {
        clearTimeout(timer);
        socket.terminate();
        if (end === undefined) reject(new Error("the connection says nothing"));
        else resolve(end);
      };
      socket.on("open", () => {
        for (const text of texts) socket.send(text);
        socket.ping();
      });
      socket.on("pong", () => settle("open"));
      socket.on("close", (code) => settle(`closed ${code}`));
      socket.on("unexpected-response", (_request, response) => settle(`refused ${response.statusCode}`));
      socket.on("error", () => settle("broken"));
    });
  }

  async #request(index: number, random: Random): Promise<void> {
    const { shareId, secrets, key } = this.#known;
    const { http } = random.pick(Object.entries(SHARE_METHODS).filter(([name]) => name !== "revokeShare"))[1];
    const [method = "GET", path = ""] = http.split(" ");
    const body =
      method === "GET" || method === "DELETE"
        ? undefined
        : JSON.stringify(mutate({ shareId, title: "x", ops: [], from: 1 }, random));
    this.requests += 1;
    this.messages += 1;
    const response = await fetch(
      `${this.#service.url}${path.replace(":shareId", random.chance(0.9) ? shareId : "shr_x")}`,
      {
        method,
        headers: {
          authorization: `Bearer ${random.pick([...secrets, key])}`,
          "x-forwarded-for": `203.0.113.${random.int(0, 255)}`,
          "content-type": "application/json",
        },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(DEADLINE_MS),
      },
    );
    await this.#judge(index, response, `${http} ${body ?? ""}`);
  }

  async #judge(index: number, response: Response, line: string): Promise<void> {
    const text = await response.text();
    this.#count(String(response.status));
    if (response.status < 400) return;
    const problem = problemSchema.safeParse(parse(text)).data;
    if (problem === undefined)
      return this.#note(index, `${response.status} without a problem document <= ${line.slice(0, 1_000)}`);
    if (ERROR_CODES[problem.code].status !== response.status || response.status >= 500)
      this.#note(index, `${response.status} ${problem.code} ${problem.detail} <= ${line.slice(0, 1_000)}`);
  }

  #count(answer: string): void {
    this.answers[answer] = (this.answers[answer] ?? 0) + 1;
  }

  #note(index: number, what: string): void {
    if (this.wrong.length < WRONG_KEPT) this.wrong.push(`seed ${this.#seed} session ${index}: ${what}`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
