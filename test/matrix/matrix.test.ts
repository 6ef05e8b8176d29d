/** The part of the matrix that every change must pass; `npm run matrix` plays all of it (agents.md 9). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../harness/index.ts";
import { isWhole, sampleOf } from "../harness/sample.ts";
import { type AgentId, HEAVY_IDS, LIGHT_IDS, matrixAgent } from "./agents.ts";
import { CASE_IDS, CASES, type CaseId } from "./cases.ts";
import { casesInTests, expectationOf, streamOf, UNTOLD, untoldCells } from "./cells.ts";
import { MODEL_CASES } from "./model-cases.ts";
import { matrixPage } from "./page.ts";
import { expectedOf, isAsExpected, playAgent, type Result, wantedOf } from "./play.ts";
import { readStream, toldIn } from "./told.ts";

/** opencode, which takes seconds to start, has a file of its own in every run (`real-agents/`), so a sample takes another one. */
const PLAYED = LIGHT_IDS.filter((id) => casesInTests(id).length > 0 && (isWhole || id !== "opencode"));
const MODEL_IDS = Object.keys(MODEL_CASES) as CaseId[];
const page = readFileSync(join(import.meta.dirname, "../../docs/agents.md"), "utf8");

async function play(agent: AgentId, cases: readonly CaseId[]): Promise<Result[]> {
  await using root = await temporaryDirectory(`matrix-${agent}`);
  return await playAgent(agent, cases, root.path, () => undefined);
}

/** What the table says of these cases. */
const wanted = (agent: AgentId, cases: readonly CaseId[]): object[] =>
  cases.map((id) => ({ agent, id, seen: wantedOf({ agent, id }) }));

describe("the matrix of agents and cases", () => {
  test.each(sampleOf(PLAYED, 1))(
    "[A-5, A-15, A-17, A-19, D-18] %s does what the table says",
    async (agent: AgentId) => {
      const inTests = casesInTests(agent).filter((id) => isWhole || !MODEL_IDS.includes(id));
      const cases = sampleOf(inTests, 2);
      expect(await play(agent, cases)).toEqual(wanted(agent, cases));
    },
  );

  test("[R-1.6, R-2.1, R-9.1, R-13.1, R-14.3, A-19, A-29] the rehearsal agent's turns end in the rows that the session model promises", async () => {
    const cases = sampleOf(MODEL_IDS, 3);
    expect(await play("rehearsal", cases)).toEqual(wanted("rehearsal", cases));
  });

  test.each(MODEL_IDS)("[A-25] the rehearsal agent or opencode passes the whole case %s", (id) => {
    const passing = (["rehearsal", "opencode"] as const).filter(
      (agent) => typeof expectationOf(agent, id) === "string",
    );
    expect(passing).not.toEqual([]);
    for (const agent of passing) expect(casesInTests(agent)).toContain(id);
  });

  test("a cell that was seen to be otherwise is a ✗ with both, and one that cannot be played says why", () => {
    const results: Result[] = [
      { agent: "goose", id: "cancel-stream", seen: "completed | as if nothing were" },
      { agent: "rehearsal", id: "cancel-stream", seen: "aborted/cancelled; next completed" },
    ];
    expect(results.map(isAsExpected)).toEqual([false, true]);
    const text = matrixPage(results);
    expect(text).toContain("| cancel in mid-stream | ✗ | ✓ |");
    expect(text).toContain(
      "| `goose` | completed \\| as if nothing were (expected: aborted/cancelled; next completed) |",
    );
  });

  test("docs/agents.md is of these versions and this table, and every cell is as expected", () => {
    expect(page).not.toContain("✗ |");
    for (const agent of LIGHT_IDS) {
      expect(page).toContain(`- \`${agent}\`: ${matrixAgent(agent).version}\n`);
      for (const id of CASE_IDS) {
        const section = page.split(`## ${CASES[id].title}\n`)[1]?.split("\n## ")[0];
        const line = expectedOf({ agent, id });
        expect(section).toContain(`| \`${agent}\` | ${line.replaceAll("|", String.raw`\|`)} |`);
      }
    }
  });
});

describe("[A-25] what an agent does not tell", () => {
  const cells = untoldCells([...LIGHT_IDS, ...HEAVY_IDS]);

  test.each(cells)("is not in the recorded stream of $agent, $id: $untold", async ({ agent, id, untold }) => {
    const { version, turns } = await readStream(agent, streamOf(agent, id));
    // The version of the rehearsal agent is that of the repository.
    if (agent !== "rehearsal") expect(matrixAgent(agent).version.split(" ")[1]).toBe(version);
    expect(turns).not.toEqual([]);
    expect(turns.flatMap(toldIn)).not.toContain(untold);
  });

  test("every stream belongs to a cell", () => {
    const cited = cells.map(({ agent, id }) => streamOf(agent, id)).toSorted();
    const kept = readdirSync(join(import.meta.dirname, "streams")).map((name) => `streams/${name}`);
    expect(kept.toSorted()).toEqual(cited);
  });

  test("would be seen if a stream told it", () => {
    const update = { callId: "1", attachments: [{ mime: "image/png", data: "AA==" }] };
    const refusal = { message: "no more", isRetryable: true, responseHeaders: { "retry-after": "60" } };
    const told = toldIn({
      events: [
        { type: "retry" },
        { type: "compaction", stepId: "1", auto: true, isDone: false },
        { type: "step", stepId: "1" },
        { type: "tool", update },
        { type: "raw", kind: "elicitation/create", bytes: 1, tail: "" },
      ],
      result: { outcome: "failed", error: { name: "APIError", data: { ...refusal, statusCode: 429 } } },
      usage: undefined,
      lastText: "",
    });
    expect(told.toSorted()).toEqual(Object.keys(UNTOLD).toSorted());
  });
});
