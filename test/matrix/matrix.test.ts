/** The part of the matrix that every change must pass; `npm run matrix` plays all of it (agents.md 9). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../harness/index.ts";
import { isWhole, sampleOf } from "../harness/sample.ts";
import { type AgentId, LIGHT_IDS, matrixAgent } from "./agents.ts";
import { CASE_IDS, CASES } from "./cases.ts";
import { casesInTests, expectationOf } from "./cells.ts";
import { matrixPage } from "./page.ts";
import { isAsExpected, playAgent, type Result } from "./play.ts";

/** opencode, which takes seconds to start, has a file of its own in every run (`real-agents/`), so a sample takes another one. */
const PLAYED = LIGHT_IDS.filter((id) => casesInTests(id).length > 0 && (isWhole || id !== "opencode"));
const page = readFileSync(join(import.meta.dirname, "../../docs/agents.md"), "utf8");

describe("the matrix of agents and cases", () => {
  test.each(sampleOf(PLAYED, 1))(
    "[A-5, A-15, A-17, A-19, D-18] %s does what the table says",
    async (agent: AgentId) => {
      await using root = await temporaryDirectory(`matrix-${agent}`);
      const cases = sampleOf(casesInTests(agent), 2);
      const results = await playAgent(agent, [...cases], root.path, () => undefined);
      expect(results.map(({ id }) => id)).toEqual(cases);
      const wanted = results.map(({ id }) => ({ agent, id, seen: expectationOf(agent, id) }));
      expect(results).toEqual(wanted);
    },
  );

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
        const expected = expectationOf(agent, id);
        const line = typeof expected === "string" ? expected : `n/a: ${expected.notApplicable}`;
        expect(section).toContain(`| \`${agent}\` | ${line.replaceAll("|", String.raw`\|`)} |`);
      }
    }
  });
});
