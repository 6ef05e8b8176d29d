import type { Message, MessageId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { amount } from "../../../../test/harness/sample.ts";
import { history } from "../../test/histories.ts";
import { planCompaction } from "../compaction/index.ts";
import { filterCompacted } from "./filter-compacted.ts";
import { isSummary } from "./row.ts";

const idsOf = (messages: readonly Message[]) => messages.map(({ info }) => info.id);

test("[R-14.6] what a plan does not summarize is what the next view keeps, over any history", async () => {
  let plans = 0;
  for (let seed = 1; seed <= amount(300, 10_000); seed += 1) {
    const rows = history(seed);
    const overflow = seed % 3 === 0;
    const view = await filterCompacted(rows.newestFirst);
    const plan = planCompaction(view, { overflow, tail: seed % 40 });
    if (plan === undefined) continue;
    plans += 1;
    const { head, tailStartId } = plan;
    const kept = view.filter((message) => !isSummary(message) && !head.includes(message));
    const tail = tailStartId === undefined ? {} : { tailStartId: tailStartId as MessageId };
    const summary = rows.summary("sum", { overflow, ...tail });
    const next = await filterCompacted(rows.newestFirst);
    expect(idsOf(next), `seed ${seed}`).toEqual(idsOf([summary, ...kept]));
    if (overflow) expect(kept.length).toBeLessThanOrEqual(1);
    const asked = view.at(-1);
    if (!overflow && asked?.info.role === "user") expect(kept).toContain(asked);
  }
  expect(plans).toBeGreaterThan(100);
});
