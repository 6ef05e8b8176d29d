import type { Clock, Logger } from "@holdfast/kernel";
import type { Store } from "../../store/index.ts";
import type { StepEdge } from "./answers.ts";
import type { ByteAccount } from "./byte-budget.ts";
import type { WriteFailure } from "./progress-writer.ts";

export type RecorderDeps = {
  store: Store;
  clock: Clock;
  logger: Logger;
  account: ByteAccount;
  /** Ends repeats of refused writes: the process is about to exit. */
  signal: AbortSignal;
  /** Called once; nothing is written afterwards. */
  onFailure(failure: WriteFailure): void;
  /** A step has ended and the next one runs. */
  onStep?(edge: StepEdge): void;
};
