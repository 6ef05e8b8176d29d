/**
 * The table: what each agent is expected to do in each case, and which cells the normal tests play. `usual` stands for every agent that is
 * not named; `notApplicable` says why a program cannot do it.
 */
import type { AgentId } from "./agents.ts";
import { CASE_IDS, type CaseId } from "./cases.ts";

export type NotApplicable = { notApplicable: string };
export type Expectation = string | NotApplicable;

type Row = { usual: string; except?: Partial<Record<AgentId, Expectation>>; inTests: readonly AgentId[] };

/** Some agents take a rejected permission for the end of the turn. */
const ENDS_AT_A_REJECTION = "permission expired, not written; ends completed; next completed";

/** Nothing but its words says that this was no answer, and words are no sign. */
const ERROR_AS_TEXT = "completed, the error as its text";

const NEVER_ASKS: NotApplicable = {
  notApplicable: "it cannot hold mode `ask` and acts without asking; its sessions here have mode `all`",
};

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
    usual: "permission expired, not written; goes on; cancel: aborted/cancelled; next completed",
    except: {
      opencode: ENDS_AT_A_REJECTION,
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
};

export function expectationOf(agent: AgentId, id: CaseId): Expectation {
  const { usual, except } = CELLS[id];
  return except?.[agent] ?? usual;
}

/** The cases that the normal tests play with this agent. */
export const casesInTests = (agent: AgentId): CaseId[] =>
  CASE_IDS.filter((id) => CELLS[id].inTests.includes(agent));
