/**
 * An ACP agent that says what its prompt tells it to, for rows that no other agent of the tests makes: `UPDATE <session update>`, `ASK <elicitation>`,
 * `LATE <session update>` (after its end), `PAUSE <ms>`, `FAIL <error>` and `STOP <stop reason>`, line by line.
 */
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

type Json = Record<string, unknown>;
type Message = { id?: number | string; method?: string; params?: Json };

const SESSION = "told";
const MODELS = {
  currentModelId: "m",
  availableModels: [{ modelId: "m", name: "M", description: "the only one" }],
};
const USAGE = {
  totalTokens: 15,
  inputTokens: 5,
  outputTokens: 4,
  thoughtTokens: 3,
  cachedReadTokens: 2,
  cachedWriteTokens: 1,
};

const answers = new Map<unknown, () => void>();
const send = (message: Json): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const update = (text: string): void =>
  send({ method: "session/update", params: { sessionId: SESSION, update: JSON.parse(text) as Json } });

function ask(text: string): Promise<void> {
  const id = `ask-${answers.size}`;
  send({
    id,
    method: "elicitation/create",
    params: { sessionId: SESSION, ...(JSON.parse(text) as Json) },
  });
  return new Promise((resolve) => answers.set(id, resolve));
}

async function answer(id: number | string, prompt: { text?: string }[]): Promise<void> {
  const late: string[] = [];
  let stopReason = "end_turn";
  for (const line of prompt.flatMap(({ text = "" }) => text.split("\n"))) {
    const [, word, rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (word === "UPDATE") update(rest);
    if (word === "ASK") await ask(rest);
    if (word === "LATE") late.push(rest);
    if (word === "STOP") stopReason = rest;
    if (word === "PAUSE") await delay(Number(rest));
    if (word === "FAIL") return send({ id, error: { code: -32_603, ...(JSON.parse(rest) as Json) } });
  }
  send({ id, result: { stopReason, usage: USAGE } });
  for (const each of late) update(each);
}

function hear({ id, method, params = {} }: Message): void {
  if (id === undefined) return;
  if (method === undefined) answers.get(id)?.();
  else if (method === "initialize") send({ id, result: { protocolVersion: 1, agentCapabilities: {} } });
  else if (method === "session/new") send({ id, result: { sessionId: SESSION, models: MODELS } });
  else if (method === "session/prompt") void answer(id, params["prompt"] as { text?: string }[]);
  else send({ id, error: { code: -32_601, message: "no such method" } });
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => hear(JSON.parse(line) as Message));
lines.on("close", () => process.exit(0));
