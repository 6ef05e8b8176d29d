import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { isWhole, sampleOf } from "../harness/sample.ts";
import { closeBrowser, type Stage, stage } from "./browser.ts";
import { openGallery, serveGallery } from "./gallery.ts";
import { gitStage, runTurn, sessionOf } from "./git-stage.ts";
import { message, said, say } from "./words.ts";

afterAll(closeBrowser);

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type Finding = { id: string; impact: string | null; nodes: { target: string[]; failureSummary: string }[] };

/**
 * Resolves when the change of theme has been painted and its transitions are over. They begin a frame after the change, and one may start another,
 * so it looks again until a frame goes by without any.
 */
const COLOURS_AT_REST = `(async () => {
  const painted = () => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)));
  const running = () => document.getAnimations().filter((one) => one.effect.getTiming().iterations !== Infinity && one.playState === "running");
  await painted();
  for (let round = 0; round < 20 && running().length > 0; round += 1) {
    await Promise.allSettled(running().map((one) => one.finished));
    await painted();
  }
})()`;

/** Every view is looked at in both themes; of a sample every other one, in one theme after the other. */
const THEMES = ["light", "dark"] as const;
let views = 0;

/** Serious and critical findings of what is on the page now, or none of a view that the sample leaves out. */
async function findings(page: Page, view: string): Promise<string[]> {
  views += 1;
  if (!isWhole && !sampleOf([0, 1], 1).includes(views % 2)) return [];
  return findingsIn(page, view, views % 4 < 2 ? THEMES : THEMES.toReversed());
}

async function findingsIn(
  page: Page,
  view: string,
  themes: readonly ("light" | "dark")[],
): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of sampleOf(themes, 1)) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.evaluate(COLOURS_AT_REST);
    // Through the debugger, because the page's own policy rightly refuses a script that is not its own.
    await page.evaluate(source);
    const violations = await page.evaluate<Finding[]>(
      "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
    );
    for (const { id, impact, nodes } of violations) {
      if (impact !== "serious" && impact !== "critical") continue;
      const [first] = nodes;
      found.push(`${view} ${colorScheme}: ${id} at ${first?.target.join(" ")}: ${first?.failureSummary}`);
    }
  }
  return found;
}

/** Serious and critical findings of changes and worktrees, from their pages to their dialogs. */
async function ofChanges(on: Stage): Promise<string[]> {
  const found: string[] = [];
  const session = await sessionOf(on, { worktree: true, title: "Mend the numbers" });
  await runTurn(on, session.id, "BASH sed -i 's/one/two/' numbers.ts\nWRITE notes.md # Notes");
  const page = await on.open(`/s/${session.id}/changes`);
  const panel = page.getByRole("region", { name: "Changes" });
  await panel.getByRole("button", { name: "Comment on added line 1" }).first().click();
  found.push(...(await findings(page, "changes")));
  await page.keyboard.press("Escape");
  await writeFile(join(on.server.project, "numbers.ts"), "export const one = 3;\n");
  await panel.getByRole("button", { name: "Apply all" }).click();
  await panel.getByRole("button", { name: "Show both sides" }).click();
  found.push(...(await findings(page, "conflict")));
  await page.getByRole("button", { name: "Leave these out and take the rest" }).click();
  await panel.getByText("Applied: notes.md.").waitFor();
  await panel.getByRole("button", { name: "Review history" }).click();
  await page.getByRole("dialog").getByRole("listitem").first().waitFor();
  found.push(...(await findings(page, "what was done")));
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Where it works/ }).click();
  await page.getByRole("radio", { name: /One turn at a time/ }).waitFor();
  found.push(...(await findings(page, "where it works")));
  await page.getByRole("button", { name: "Delete the session" }).click();
  await page.getByRole("list", { name: "Risks" }).waitFor();
  found.push(...(await findings(page, "risks")));
  await page.goto(`${on.server.url}/worktrees`);
  await page.getByRole("button", { name: /^Settings of/ }).click();
  found.push(...(await findings(page, "worktrees")));
  await page.getByRole("button", { name: "Clean up" }).click();
  await page.getByRole("list", { name: "Directories" }).waitFor();
  found.push(...(await findings(page, "clean-up")));
  await page.goto(`${on.server.url}/new?workspace=${session.workspaceId}`);
  await page.getByText("Works in the same place as").waitFor();
  found.push(...(await findings(page, "beside")));
  return found;
}

describe("accessibility", () => {
  test.runIf(isWhole)("[I-16, I-15] nor have changes, worktrees and their dialogs", async () => {
    await using on = await gitStage("axe-changes", { "numbers.ts": "export const one = 1;\n" });
    expect(await ofChanges(on)).toEqual([]);
    expect(on.complaints).toEqual([]);
  });

  test("[I-16] no view has a serious finding, light or dark", async () => {
    await using on = await stage("axe");
    const found: string[] = [];
    const page = await on.open();
    await page.getByRole("heading", { name: "Welcome to Holdfast" }).waitFor();
    found.push(...(await findings(page, "welcome")));

    const session = await on.server.client.createSession({
      directory: on.server.project,
      agent: "rehearsal",
      approvalMode: "ask",
    });
    await page.goto(`${on.server.url}/s/${session.id}`);
    await message(page).waitFor();
    found.push(...(await findings(page, "empty session")));
    await say(page, "THINK why\nBASH printf '\\033[31mred\\033[0m'\nPLAN one | two\nSAY # Title");
    await page.getByRole("button", { name: "Allow once" }).waitFor();
    found.push(...(await findings(page, "permission")));
    await page.getByRole("link", { name: "Inbox, 1 waiting" }).click();
    await page.getByRole("heading", { name: "Inbox" }).waitFor();
    found.push(...(await findings(page, "inbox")));
    await page.getByRole("button", { name: "Allow once" }).click();
    await page.goto(`${on.server.url}/s/${session.id}`);
    await said(page).getByText("Title").waitFor();
    await say(page, "ASKFORM Which? | port!: integer 1..9 | colour: one red, green | days: many Mon, Tue");
    await page.getByRole("button", { name: "Answer" }).click();
    await page.getByText("This is required.").waitFor();
    found.push(...(await findings(page, "question")));
    await page.getByRole("button", { name: "Decline" }).click();
    await said(page).getByText("Answered decline.").waitFor();
    await say(page, "SAY ```ts\nSLOW 100000 20");
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await say(page, "SAY later");
    await page.getByRole("region", { name: "Queue" }).waitFor();
    found.push(...(await findings(page, "busy session")));
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    found.push(...(await findings(page, "palette")));
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Memory of the agent/ }).hover();
    await page.getByRole("tooltip").waitFor();
    found.push(...(await findings(page, "what the agent remembers")));
    await page.getByRole("button", { name: /^Agent: / }).click();
    await page.getByRole("dialog", { name: "Agents" }).getByText("Not on this machine").waitFor();
    found.push(...(await findings(page, "choosing an agent")));
    await page.keyboard.press("Escape");
    await page.goto(`${on.server.url}/s/${session.id}/timeline`);
    await page.getByRole("slider", { name: "Step" }).waitFor();
    found.push(...(await findings(page, "timeline")));
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await page.getByText("The agent waited for an answer.").waitFor();
    found.push(...(await findings(page, "timeline, asked")));
    for (const place of ["settings", "agents", "archive"]) {
      await page.goto(`${on.server.url}/${place}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      found.push(...(await findings(page, place)));
    }
    expect(found).toEqual([]);
    expect(on.complaints).toEqual([]);
  });

  test.runIf(isWhole)("[I-16] nor has a state that the gallery shows", async () => {
    await using gallery = await serveGallery();
    await using on = await stage("axe-gallery");
    const page = await (await on.context()).newPage();
    await openGallery(gallery, page);
    expect(await findingsIn(page, "gallery", THEMES)).toEqual([]);
  });
});
