import { expect, test } from "vitest";
import type { Finding } from "../../bench/ratio.ts";
import * as ways from "../../bench/s-11-ways.ts";
import * as viewers from "../../bench/s-19-viewers.ts";
import * as sync from "../../bench/t-15-share-sync.ts";
import { sampleOf } from "../harness/sample.ts";

/** Figures of each kind: `S-11/batch-operations`. */
const figures = (id: string, kinds: readonly string[], names: readonly string[]): string[] =>
  kinds.flatMap((kind) => names.map((name) => `${id}/${kind}-${name}`));

const BENCHES: readonly { what: string; run: () => Promise<Finding[]>; names: string[] }[] = [
  { what: "share sync", run: () => sync.bench(sync.QUICK), names: ["T-15"] },
  {
    what: "the ways to a service",
    run: () => ways.bench(ways.QUICK),
    names: figures("S-11", ["batch", "webSocket"], ["operations", "cpu-per-operation", "round-trips"]),
  },
  {
    what: "live viewers",
    run: () => viewers.bench(viewers.QUICK),
    names: figures("S-19", ["sse", "mixed"], ["cpu-per-event", "delay-to-the-last", "memory-per-viewer"]),
  },
];

// How large a figure is says nothing here.
test.for(sampleOf(BENCHES, 1))(
  "[T-15, S-11, S-19] the bench of $what measures both sides in its quick size",
  async ({ run, names }) => {
    const findings = await run();
    expect(findings.map(({ name }) => name)).toEqual(names);
    expect(findings.map(({ ratios }) => ratios.length)).toEqual(names.map(() => 1));
  },
);
