import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { setImmediate as nextLoop, setTimeout as delay } from "node:timers/promises";
import { type McpServerStdio, RequestError } from "@agentclientprotocol/sdk";
import type { Wake } from "./background.ts";
import { callTool } from "./call-tool.ts";
import { DIRECTIVE_HINT, type Directive } from "./directives.ts";
import {
  askTool,
  attachTool,
  bashTool,
  outputTool,
  readTool,
  updatesTool,
  writeTool,
  type Workplace,
} from "./tools.ts";
import type { Turn } from "./turn.ts";

/** Words of a SLOW with interval 0 between two looks at stdin, so that a cancel is heard. */
const WORDS_PER_LOOP = 32;

const SPAWN_COMMAND = ["sleep", "600"] as const;
const CRASH_EXIT_CODE = 70;
/** Where Holdfast reads that an agent waits before it tries again. */
const RETRY_META = "holdfast/retry";
/** Where Holdfast reads that what follows is a summary. */
const COMPACTION_META = "holdfast/compaction";
const INTERNAL_ERROR = -32603;

/** What the directives need of the session they run in. */
export type Workspace = Workplace & {
  readonly mcpServers: readonly McpServerStdio[];
  readonly remembered: () => string | null;
  /** What came with the prompt beside its words, a line each. */
  readonly given: readonly string[];
  /** Starts a background task that wakes the agent. */
  readonly wake: (wake: Wake) => Promise<void>;
  /** Keeps a text as the whole answer to a coming prompt that has no directive. */
  readonly later: (text: string) => void;
  /** Durable on return. */
  readonly remember: (word: string) => Promise<void>;
};

/**
 * Obeys directives in order. Rejects with a `RequestError` at FAIL, and with the signal's reason once the turn is
 * cancelled; returns early after a rejected ASK.
 */
export async function runDirectives(
  turn: Turn,
  space: Workspace,
  directives: readonly Directive[],
): Promise<void> {
  let isHinted = false;
  const hint = () => {
    const text = isHinted ? "" : `${DIRECTIVE_HINT}\n`;
    isHinted = true;
    return text;
  };
  if (directives.length === 0) await turn.say(hint());
  for (const directive of directives) {
    turn.signal.throwIfAborted();
    if (directive.kind === "echo") await turn.say(`${directive.text}\n${hint()}`);
    else if (directive.kind === "invalid")
      await turn.say(`I cannot obey "${directive.line}": ${directive.reason}.\n`);
    else if ((await runDirective(turn, space, directive)) === "end") return;
  }
  turn.signal.throwIfAborted();
}

async function runDirective(
  turn: Turn,
  space: Workspace,
  directive: Exclude<Directive, { kind: "echo" | "invalid" }>,
): Promise<"end" | void> {
  switch (directive.kind) {
    case "say":
      return await turn.say(`${directive.text}\n`);
    case "later":
      return space.later(directive.text);
    case "slow":
      return await saySlowly(turn, directive.words, directive.intervalMs);
    case "think":
      return await turn.send({
        sessionUpdate: "agent_thought_chunk",
        content: { type: "text", text: `${directive.text}\n` },
      });
    case "plan":
      return await sendPlan(turn, directive.entries);
    case "read":
      return await readTool(turn, space, directive);
    case "write":
      return await writeTool(turn, space, directive);
    case "bash":
      return await bashTool(turn, space, directive);
    case "call":
      return await callTool(turn, space, directive);
    case "output":
      return await outputTool(turn, directive);
    case "attach":
      return await attachTool(turn, directive);
    case "updates":
      return await updatesTool(turn, directive);
    case "spawn":
      return await spawnGrandchild(turn);
    case "ask":
      return await ask(turn, directive);
    case "askform": {
      const { message, schema: requestedSchema } = directive;
      return await turn.say(`${await turn.elicit({ mode: "form", message, requestedSchema })}\n`);
    }
    case "askurl": {
      const { message, url, done } = directive;
      const asked = { mode: "url", message, url, elicitationId: randomUUID() } as const;
      return await turn.say(`${await turn.elicit(asked, done)}\n`);
    }
    case "remember":
      await space.remember(directive.word);
      return directive.silent ? undefined : await turn.say(`Remembered ${directive.word}.\n`);
    case "recall":
      return await turn.say(`${space.remembered() ?? "I remember no word in this session."}\n`);
    case "given":
      return await turn.say(`${space.given.join("\n") || "Nothing was given beside the words."}\n`);
    case "fail": {
      const { text, kind: _, ...data } = directive;
      throw new RequestError(INTERNAL_ERROR, text, data);
    }
    case "retry":
      return await waitToRetry(turn, directive);
    case "compact":
      return await compact(turn, directive.text);
    case "steer":
      turn.steering = { answer: directive.answer, text: directive.text };
      return;
    case "wake":
      return await space.wake(directive);
    case "hang":
      await turn.cancelled();
      return;
    case "deaf":
      return await new Promise<never>(() => {});
    case "crash":
      return process.exit(CRASH_EXIT_CODE);
  }
}

async function saySlowly(turn: Turn, words: number, intervalMs: number): Promise<void> {
  const start = performance.now();
  for (let word = 1; word <= words; word += 1) {
    turn.signal.throwIfAborted();
    await turn.say(`w${word} `);
    if (word === words) break;
    const waitMs = start + word * intervalMs - performance.now();
    if (waitMs > 0) await delay(waitMs, undefined, { signal: turn.signal });
    else if (word % WORDS_PER_LOOP === 0) await nextLoop();
  }
}

/** As an agent does whose model call failed and is repeated: it says so, waits, and goes on. */
async function waitToRetry(
  turn: Turn,
  { delayMs, text }: Extract<Directive, { kind: "retry" }>,
): Promise<void> {
  turn.failedTries += 1;
  const told = { attempt: turn.failedTries, message: text, next: Date.now() + delayMs };
  await turn.tell({ sessionUpdate: "session_info_update", _meta: { [RETRY_META]: told } });
  await delay(delayMs, undefined, { signal: turn.signal });
  await turn.tell({ sessionUpdate: "session_info_update", _meta: { [RETRY_META]: null } });
}

/** As an agent does whose context is full: a summary takes the place of what it knew. */
async function compact(turn: Turn, text: string): Promise<void> {
  await turn.tell({ sessionUpdate: "session_info_update", _meta: { [COMPACTION_META]: { auto: true } } });
  await turn.say(`${text}\n`);
  await turn.tell({ sessionUpdate: "session_info_update", _meta: { [COMPACTION_META]: null } });
}

async function sendPlan(turn: Turn, entries: readonly string[]): Promise<void> {
  await turn.send({
    sessionUpdate: "plan",
    entries: entries.map((content, index) => ({
      content,
      priority: "medium",
      status: index === 0 ? "in_progress" : "pending",
    })),
  });
}

async function ask(turn: Turn, directive: Extract<Directive, { kind: "ask" }>): Promise<"end" | void> {
  const isAllowed = await askTool(turn, directive);
  await turn.say(`${isAllowed ? "Allowed" : "Not allowed"}: ${directive.text}\n`);
  return isAllowed ? undefined : "end";
}

/** Starts a process in a process session of its own that outlives the agent; it inherits the environment. */
async function spawnGrandchild(turn: Turn): Promise<void> {
  const [command, ...args] = SPAWN_COMMAND;
  const child = spawn(command, args, { detached: true, stdio: "ignore" });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  child.unref();
  await turn.say(`Spawned process ${child.pid}.\n`);
}
