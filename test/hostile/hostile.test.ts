import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../harness/index.ts";
import { amount, sampleOf } from "../harness/sample.ts";
import { AGENT_CASES } from "./agent-cases.ts";
import { APPROVAL_CASES } from "./approval-cases.ts";
import { fuzz } from "./fuzz-run.ts";
import { GIT_CASES } from "./git-cases.ts";
import { attack } from "./hostile.ts";
import { HTTP_CASES } from "./http-cases.ts";
import { fuzzMessages } from "./message-fuzz.ts";

/** What takes long, or much; `npm run hostile` does it. */
const LONG = /50 MB|17 MB|one byte a second|half-way|says nothing|upgrade|flood|endless|long-line/;

/** A server that anybody could stop. How quick it is beside an attack is what `npm run hostile` measures, on an idle machine. In ms. */
const STUCK_MS = 30_000;

const CASES = sampleOf(
  [...HTTP_CASES, ...AGENT_CASES, ...APPROVAL_CASES, ...GIT_CASES].filter(({ name }) => !LONG.test(name)),
  33,
);
const REQUESTS = amount(150, 400);

describe("a hostile world", () => {
  test("[I-6, A-10, A-13, A-17] bad requests are refused, hostile agents end their turns, and the server goes on", async () => {
    await using root = await temporaryDirectory("hostile");
    const report = await attack(root.path, CASES, () => undefined, STUCK_MS);
    expect(report.missed).toEqual([]);
    expect(report.cases.length).toBeGreaterThan(amount(30, 50));
  });

  test(`[I-1, I-3] ${REQUESTS} fuzzed requests and a turn of nonsense get documented answers`, async () => {
    await using root = await temporaryDirectory("fuzz");
    const report = await fuzz(root.path, REQUESTS, "ci");
    expect(report.wrong).toEqual([]);
    expect(report.requests).toBe(REQUESTS);
    expect(report.statuses["200"]).toBeGreaterThan(amount(7, 20));
  });

  test("[S-12, S-29] whatever is said to the share service, it answers or hangs up, and goes on", async () => {
    await using root = await temporaryDirectory("fuzz");
    const report = await fuzzMessages(root.path, amount(800, 3_000), "ci");
    expect(report.wrong).toEqual([]);
    expect(report.replaced).toBe(0);
    expect(report.answers["200"]).toBeGreaterThan(amount(10, 20));
  });
});
