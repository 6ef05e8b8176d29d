/**
 * The table: what each agent is expected to do in each case, and which cells the normal tests play. `usual` stands for every agent that is
 * not named; `notApplicable` says why a program cannot do it; `untold` is what the case wants to hear and the agent does not tell, as its recorded
 * stream shows (`npm run matrix -- --record`).
 */
import type { AgentId } from "./agents.ts";
import { CASE_IDS, type CaseId } from "./cases.ts";

export type NotApplicable = { notApplicable: string };

/** What an agent may leave unsaid, as one reads it behind "it does not tell". */
export const UNTOLD = {
  retry: "that a call of its model is repeated",
  compaction: "that it shortens what it knows",
  step: "where one of its steps ends",
  attachment: "which picture its tool read",
  question: "what it would ask a person",
  reset: "when the limit is over",
} as const;
export type Untold = { untold: keyof typeof UNTOLD; seen: string };

export type Expectation = string | NotApplicable | Untold;

type Row = { usual: string; except?: Partial<Record<AgentId, Expectation>>; inTests: readonly AgentId[] };

/** Some agents take a rejected permission for the end of the turn. */
const ENDS_AT_A_REJECTION = "permission expired, not written; ends completed; next completed";

/** Nothing but its words says that this was no answer, and words are no sign. */
const ERROR_AS_TEXT = "completed, the error as its text";

const NEVER_ASKS: NotApplicable = {
  notApplicable: "it cannot hold mode `ask` and acts without asking; its sessions here have mode `all`",
};

const EVERY_LIGHT: readonly AgentId[] = ["rehearsal", "goose", "qwen", "opencode"];

const UNTOLD_RETRY: Untold = { untold: "retry", seen: "completed, told nothing of it, recovered" };
const UNTOLD_STEPS: Untold = { untold: "step", seen: "completed, 1 answer, 1 step, 2 tools" };
const UNTOLD_PICTURE: Untold = { untold: "attachment", seen: "completed, no attachment" };
const ASKS_NOTHING: Untold = { untold: "question", seen: "completed, asked nothing" };
const TRIES_ON: Untold = { untold: "reset", seen: "tries on; cancel: aborted/cancelled" };

export const CELLS: Record<CaseId, Row> = {
  "two-turns": {
    usual: "completed, resumed by live, remembered, same process",
    inTests: ["rehearsal"],
  },
  "agent-killed": {
    usual: "failed/crashed AgentError; completed, resumed by resume, remembered",
    except: {
      goose: "failed/crashed AgentError; completed, resumed by load, remembered",
      gemini: "failed/crashed AgentError; completed, replayed by create, remembered",
    },
    inTests: ["rehearsal", "goose"],
  },
  "server-killed": {
    usual: "aborted/interrupted, no process left; completed, resumed by resume, remembered",
    except: {
      goose: "aborted/interrupted, no process left; completed, resumed by load, remembered",
      gemini: "aborted/interrupted, no process left; completed, replayed by create, remembered",
    },
    inTests: ["rehearsal", "goose"],
  },
  "cancel-stream": {
    usual: "aborted/cancelled; next completed",
    inTests: ["rehearsal"],
  },
  "cancel-tool": {
    usual: "aborted/cancelled, tool ended; next completed",
    except: { codex: "aborted/cancelled, tool lives on; next completed" },
    inTests: ["rehearsal", "goose", "qwen", "opencode"],
  },
  "cancel-permission": {
    usual: "waiting; aborted/cancelled, permission expired, not written; next completed",
    except: { codex: NEVER_ASKS },
    inTests: ["rehearsal", "goose", "opencode"],
  },
  "never-answered": {
    // opencode is told by words of ours, after which it goes on; over ACP there is no place for them.
    usual: "permission expired, not written; goes on; cancel: aborted/cancelled; next completed",
    except: {
      "opencode-acp": ENDS_AT_A_REJECTION,
      qwen: ENDS_AT_A_REJECTION,
      codex: NEVER_ASKS,
    },
    inTests: ["rehearsal", "goose"],
  },
  "model-400": {
    usual: "failed/error AgentError",
    except: {
      rehearsal: "failed/error APIError",
      opencode: "failed/error APIError",
      "opencode-acp": "failed/error APIError",
      qwen: "failed/error APIError",
      goose: "failed/error APIError",
      gemini: "failed/error APIError",
      claude: "failed/error AgentReportedError",
      codex: ERROR_AS_TEXT,
    },
    inTests: ["rehearsal", "goose", "qwen"],
  },
  "model-500": {
    usual: "tries on; cancel: aborted/cancelled",
    except: {
      rehearsal: "failed/error APIError",
      goose: "failed/error APIError",
      codex: ERROR_AS_TEXT,
    },
    inTests: ["rehearsal", "goose"],
  },
  "second-input": {
    usual: "queued; completed; completed, resumed by live",
    inTests: ["rehearsal", "goose", "qwen"],
  },
  "store-deleted": {
    usual: "completed, replayed by create, remembered",
    inTests: ["rehearsal", "goose", "qwen", "opencode"],
  },
  "json-answer": {
    usual: 'completed, 1 failed answer, {"bird":"heron"}',
    inTests: EVERY_LIGHT,
  },
  retried: {
    usual: "completed, 1 retry part, recovered",
    except: {
      "opencode-acp": UNTOLD_RETRY,
      qwen: UNTOLD_RETRY,
      goose: UNTOLD_RETRY,
      gemini: UNTOLD_RETRY,
      claude: UNTOLD_RETRY,
      codex: UNTOLD_RETRY,
    },
    inTests: EVERY_LIGHT,
  },
  overflow: {
    usual: "failed/error ContextOverflowError",
    except: {
      // It makes its own summary, and says so.
      opencode: "completed, 1 compaction part, went on",
      // They shorten what they know and go on, without a word of it.
      "opencode-acp": { untold: "compaction", seen: "completed, went on" },
      qwen: { untold: "compaction", seen: "completed" },
      goose: { untold: "compaction", seen: "completed, went on" },
      codex: { untold: "compaction", seen: "completed" },
    },
    inTests: EVERY_LIGHT,
  },
  steps: {
    usual: "completed, 3 answers, 3 steps, 2 tools",
    except: {
      rehearsal: UNTOLD_STEPS,
      "opencode-acp": UNTOLD_STEPS,
      qwen: UNTOLD_STEPS,
      goose: UNTOLD_STEPS,
      gemini: UNTOLD_STEPS,
      claude: UNTOLD_STEPS,
      codex: UNTOLD_STEPS,
    },
    inTests: EVERY_LIGHT,
  },
  "tool-image": {
    usual: "completed, image/png",
    // The picture goes to its model alone.
    except: { qwen: UNTOLD_PICTURE, gemini: UNTOLD_PICTURE, codex: UNTOLD_PICTURE },
    inTests: EVERY_LIGHT,
  },
  question: {
    usual: "waiting; completed, replied, heard",
    // They have no tool that asks a person.
    except: {
      "opencode-acp": ASKS_NOTHING,
      goose: ASKS_NOTHING,
      gemini: ASKS_NOTHING,
      claude: ASKS_NOTHING,
      codex: ASKS_NOTHING,
    },
    inTests: EVERY_LIGHT,
  },
  limit: {
    usual: "failed/limited APIError, suspended until the reset",
    except: {
      "opencode-acp": TRIES_ON,
      qwen: TRIES_ON,
      goose: TRIES_ON,
      gemini: TRIES_ON,
      claude: { untold: "reset", seen: "failed/error AgentReportedError, not suspended" },
      codex: TRIES_ON,
    },
    inTests: EVERY_LIGHT,
  },
  subtask: { usual: "completed, 1 child session, its answer as a call", inTests: EVERY_LIGHT },
};

export function expectationOf(agent: AgentId, id: CaseId): Expectation {
  const { usual, except } = CELLS[id];
  return except?.[agent] ?? usual;
}

/** The file, beside this one, that holds the recorded stream of a cell of what an agent does not tell. */
export const streamOf = (agent: AgentId, id: CaseId): string => `streams/${agent}-${id}.jsonl`;

/** The cells of these agents in which something is not told. */
export const untoldCells = (agents: readonly AgentId[]): ({ agent: AgentId; id: CaseId } & Untold)[] =>
  agents.flatMap((agent) =>
    CASE_IDS.flatMap((id) => {
      const expectation = expectationOf(agent, id);
      return typeof expectation === "object" && "untold" in expectation
        ? [{ agent, id, ...expectation }]
        : [];
    }),
  );

/** The cases that the normal tests play with this agent. */
export const casesInTests = (agent: AgentId): CaseId[] =>
  CASE_IDS.filter((id) => CELLS[id].inTests.includes(agent));
