import { expect, test } from "vitest";
import type { Finding } from "../../bench/ratio.ts";
import * as ways from "../../bench/s-11-ways.ts";
import * as viewers from "../../bench/s-19-viewers.ts";
import * as sync from "../../bench/t-15-share-sync.ts";

/** Names of the figures that have their ratio. How large it is says nothing here. */
const measured = (findings: readonly Finding[]): string[] =>
  findings.filter(({ ratios }) => ratios.length === 1).map(({ name }) => name);

test("[T-15] the bench of share sync publishes a session to a service, and writes its rows by hand", async () => {
  expect(measured(await sync.bench(sync.QUICK))).toEqual(["T-15"]);
});

test("[S-11] the bench of the ways publishes a session by each of them, none with more round trips than REST", async () => {
  const findings = await ways.bench(ways.QUICK);
  const names = ["operations", "cpu-per-operation", "round-trips"];
  const ofWay = (way: string): string[] => names.map((name) => `S-11/${way}-${name}`);
  expect(measured(findings)).toEqual([...ofWay("batch"), ...ofWay("webSocket")]);
  const roundTrips = findings.filter(({ name }) => name.endsWith("round-trips"));
  expect(roundTrips.map(({ ratios }) => ratios)).toEqual([[1], [1]]);
});

test("[S-19] the bench of viewers tells each of them every event once, over both kinds of streams", async () => {
  const names = ["cpu-per-event", "delay-to-the-last", "memory-per-viewer"];
  const ofKind = (kind: string): string[] => names.map((name) => `S-19/${kind}-${name}`);
  expect(measured(await viewers.bench(viewers.QUICK))).toEqual([...ofKind("sse"), ...ofKind("mixed")]);
});
