import { describe } from "vitest";
import { amount } from "../../../../test/harness/sample.ts";
import { admissionTopic } from "./admission.ts";
import { agentSessionsTopic } from "./agent-sessions.ts";
import { agentTurnsTopic } from "./agent-turns.ts";
import { blobsTopic } from "./blobs.ts";
import { changesTopic } from "./changes.ts";
import { claimsTopic } from "./claims.ts";
import { editsTopic } from "./edits.ts";
import type { ContractSize, OpenEngine } from "./engine.ts";
import { finalizationTopic } from "./finalization.ts";
import { historyTopic } from "./history.ts";
import { housekeepingTopic } from "./housekeeping.ts";
import { leasesTopic } from "./leases.ts";
import { lifecycleTopic } from "./lifecycle.ts";
import { limitsTopic } from "./limits.ts";
import { mcpServersTopic } from "./mcp-servers.ts";
import { operationsTopic } from "./operations.ts";
import { permissionsTopic } from "./permissions.ts";
import { questionsTopic } from "./questions.ts";
import { queueTopic } from "./queue.ts";
import { refsTopic } from "./refs.ts";
import { replayTopic } from "./replay.ts";
import { reviewsTopic } from "./reviews.ts";
import { rowTextTopic } from "./row-text.ts";
import { sessionsTopic } from "./sessions.ts";
import { sharesTopic } from "./shares.ts";
import { steeringTopic } from "./steering.ts";
import { stepsTopic } from "./steps.ts";
import { streamingModelTopic } from "./streaming-model.ts";
import { streamingTopic } from "./streaming.ts";
import type { Topic } from "./topic.ts";
import { worktreesTopic } from "./worktrees.ts";

export type { ContractSize, Engine, OpenEngine } from "./engine.ts";
export { openSqliteEngine } from "./sqlite-engine.ts";

const TOPICS: Topic[] = [
  sessionsTopic,
  admissionTopic,
  queueTopic,
  steeringTopic,
  lifecycleTopic,
  claimsTopic,
  agentSessionsTopic,
  agentTurnsTopic,
  mcpServersTopic,
  leasesTopic,
  operationsTopic,
  worktreesTopic,
  changesTopic,
  reviewsTopic,
  stepsTopic,
  streamingTopic,
  streamingModelTopic,
  finalizationTopic,
  limitsTopic,
  permissionsTopic,
  questionsTopic,
  historyTopic,
  replayTopic,
  editsTopic,
  blobsTopic,
  housekeepingTopic,
  refsTopic,
  sharesTopic,
  rowTextTopic,
];

/** What every engine of the store must hold (D-33). Registers the suites; nothing in them knows an engine. */
export function storeContract(
  name: string,
  open: OpenEngine,
  size: ContractSize = { propertyRuns: amount(10, 60), longHistory: 63 },
): void {
  describe(`store contract: ${name}`, () => {
    for (const define of TOPICS) define(open, size);
  });
}
