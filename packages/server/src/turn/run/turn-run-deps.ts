import type { Clock, Logger } from "@holdfast/kernel";
import type { InstanceId, Turn } from "@holdfast/protocol";
import type { AgentHandle, AgentPool, IdleSink, Reservation } from "../../agents/index.ts";
import type { JsonSchemas } from "../../json-schema/index.ts";
import type { Permissions, Questions } from "../../permission/index.ts";
import type { Store } from "../../store/index.ts";
import type { ByteBudget } from "../record/index.ts";
import type { Children } from "../subtask/index.ts";
import type { TurnWatch } from "../turn-watch.ts";
import type { CrashVerdict } from "./crash-budgets.ts";
import type { TurnSettings } from "./settings.ts";

export type TurnRunDeps = {
  store: Store;
  pool: AgentPool;
  permissions: Permissions;
  questions: Questions;
  /** Judges answers whose format was asked for. */
  schemas: Pick<JsonSchemas, "judge">;
  /** Runs the turns of its children. */
  children: Children;
  clock: Clock;
  logger: Logger;
  instanceId: InstanceId;
  settings: TurnSettings;
  budget: ByteBudget;
  /** Looks after the files of turns; absent where nobody does. */
  watch?: TurnWatch | undefined;
  /** Whether the agent may write in the session's mode. */
  writes: boolean;
  /** Ends every repeating of refused writes: the process is about to exit. */
  signal: AbortSignal;
  /** Kept in the pool while the turn runs. */
  place: Pick<Reservation, "waiting">;
  /** Where the agent reports between its turns. */
  idle: IdleSink;
  /** Where the agent started the turn by itself: it waits to be attended to. */
  begun?: AgentHandle | undefined;
  /** A handle was acquired; `live`: an earlier turn had it already. */
  onHandle: (handle: AgentHandle, live: boolean) => void;
};

/** `crash`: how the agent broke by itself, if it did. `lost` and `left`: this process wrote no end; its new owner or the sweeper does. */
export type RunEnd = { kind: "ended"; turn: Turn; crash: CrashVerdict } | { kind: "lost" } | { kind: "left" };
