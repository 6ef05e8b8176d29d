import { FakeClock, newId, silentLogger } from "@holdfast/kernel";
import { ByteBudget, type ByteLimits } from "../../src/turn/record/byte-budget.ts";
import type { WriteFailure } from "../../src/turn/record/progress-writer.ts";
import { Recorder } from "../../src/turn/record/recorder.ts";
import { ProgressLog } from "./progress-log.ts";

/** A recorder over an in-memory log, with time by hand. */
export function recorderUnderTest(limits: ByteLimits = { perSession: 8 << 20, total: 128 << 20 }) {
  const clock = new FakeClock();
  const log = new ProgressLog();
  const abandon = new AbortController();
  const failures: WriteFailure[] = [];
  const budget = new ByteBudget(limits);
  const turnId = newId("trn");
  log.turnId = turnId;
  const recorder = new Recorder(
    {
      store: log.store,
      clock,
      logger: silentLogger,
      account: budget.open(),
      signal: abandon.signal,
      onFailure: (failure) => failures.push(failure),
    },
    {
      sessionId: newId("ses"),
      turnId,
      epoch: 1,
      parentId: newId("msg"),
      messageId: newId("msg"),
      agentSessionId: newId("ags"),
      agent: "rehearsal",
      model: undefined,
      mask: (text) => text,
    },
  );
  return { recorder, log, clock, abandon, failures, budget };
}
