import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { closeBrowser, type Stage } from "./browser.ts";
import { git, runTurn, sessionOf, sharedGitStage } from "./git-stage.ts";
import { log, message } from "./words.ts";

afterAll(closeBrowser);

const NUMBERS = Array.from({ length: 20 }, (_, index) => `line ${index + 1}\n`).join("");
const FILES = { "numbers.txt": NUMBERS, "README.md": "# Parser\n" };
const edit = (line: number, word: string) => `BASH sed -i 's/^line ${line}$/${word}/' numbers.txt`;

const panel = (page: Page) => page.getByRole("region", { name: "Changes" });
const file = (page: Page, path: string) => panel(page).getByRole("listitem", { name: path });
const button = (page: Page, name: string | RegExp) => panel(page).getByRole("button", { name });
const inProject = (on: Stage, path: string) => readFile(join(on.project, path), "utf8");
/** Waits for the outcome at the panel's foot. */
const told = (page: Page, words: string | RegExp) => panel(page).getByText(words).waitFor();

/** A worktree in which Ann edited line 2 and wrote a file, and Bob line 18. */
async function twoAuthors(on: Stage) {
  const session = await sessionOf(on, { worktree: true, title: "Mend the numbers" });
  await runTurn(on, session.id, `${edit(2, "two")}\nWRITE notes.md # Notes`);
  await runTurn(on, session.id, edit(18, "eighteen"), "bob");
  return session;
}

describe("the changes of a worktree", () => {
  test("[W-4, W-6, W-7, I-15] two agents' badges, one hunk applied, one rejected, and both undone", async () => {
    await using on = await sharedGitStage(FILES);
    const session = await twoAuthors(on);
    const page = await on.open(`/s/${session.id}`);
    await page.getByRole("link", { name: /^Changes.*2 pending/ }).click();
    const numbers = file(page, "numbers.txt");
    await numbers.getByText("Changes from Bob and Ann").waitFor();
    await file(page, "notes.md").getByText("Ann", { exact: true }).first().waitFor();
    const [first, second] = [numbers.getByRole("group").nth(0), numbers.getByRole("group").nth(1)];
    expect(await first.getByText("Ann", { exact: true }).count()).toBe(1);
    expect(await second.getByText("Bob", { exact: true }).count()).toBe(1);
    expect(await second.getByText("Ann", { exact: true }).count()).toBe(0);

    await button(page, "Apply line 2").click();
    await told(page, "Applied: numbers.txt.");
    expect(await inProject(on, "numbers.txt")).toBe(NUMBERS.replace("line 2\n", "two\n"));
    await until("the hunk to go", async () => (await numbers.getByRole("group").count()) === 1);
    await button(page, "Reject line 18").click();
    await told(page, "Rejected: numbers.txt.");
    expect(await readFile(join(session.directory, "numbers.txt"), "utf8")).toBe(
      NUMBERS.replace("line 2\n", "two\n"),
    );
    await button(page, "Undo").click();
    await told(page, "Undone: numbers.txt.");
    expect(await readFile(join(session.directory, "numbers.txt"), "utf8")).toContain("eighteen\n");
    await button(page, "Reject line 18").waitFor();
    await button(page, "Review history").click();
    const log = page.getByRole("dialog", { name: "Review history" });
    await log
      .getByRole("listitem")
      .filter({ hasText: "Applied" })
      .getByRole("button", { name: "Undo" })
      .click();
    await until("the project as it was", async () => (await inProject(on, "numbers.txt")) === NUMBERS);
    expect(await git(on, "status", "--porcelain")).toBe("");
    expect(on.complaints).toEqual([]);
  });

  test("[W-6, I-16] all of it by keyboard: next file, next hunk, reviewed, applied, undone", async () => {
    await using on = await sharedGitStage(FILES);
    const session = await twoAuthors(on);
    const page = await on.open(`/s/${session.id}`);
    await page.getByRole("link", { name: /^Changes/ }).waitFor();
    await page.keyboard.press("Escape");
    await log(page).focus();
    await page.keyboard.press("d");
    await panel(page).and(page.locator(":focus")).waitFor();
    await file(page, "numbers.txt").waitFor();
    await page.keyboard.press("j");
    await file(page, "notes.md").and(page.locator(":focus")).waitFor();
    await page.keyboard.press(" ");
    await file(page, "notes.md").getByRole("button", { name: "Reviewed: notes.md" }).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("n");
    await page.keyboard.press("n");
    await page.getByRole("group", { name: "Hunk 2 of numbers.txt" }).and(page.locator(":focus")).waitFor();
    await page.keyboard.press("a");
    await told(page, "Applied: numbers.txt.");
    expect(await inProject(on, "numbers.txt")).toBe(NUMBERS.replace("line 18", "eighteen"));
    await page.keyboard.press("u");
    await told(page, "Undone: numbers.txt.");
    expect(await inProject(on, "numbers.txt")).toBe(NUMBERS);
    await page.keyboard.press("d");
    await panel(page).waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).getByText("Changes: next hunk").waitFor();
    expect(on.complaints).toEqual([]);
  });

  test.runIf(isWhole)(
    "[I-15, I-16] on a phone the changes have the whole width, nothing is cut off, and the way back leads to the session",
    async () => {
      await using on = await sharedGitStage(FILES);
      const session = await twoAuthors(on);
      const context = await on.context({ viewport: { width: 390, height: 844 } });
      const page = await on.open(`/s/${session.id}`, { context });
      await page.getByRole("link", { name: /^Changes.*2 pending/ }).click();
      await button(page, "Apply line 18").waitFor();
      expect((await panel(page).boundingBox())?.width).toBe(390);
      expect(await message(page).isVisible()).toBe(false);
      await button(page, /^Comment on added line 2$/).click();
      await panel(page).getByRole("form").waitFor();
      const cut = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      expect(await page.evaluate<number>(cut)).toBe(0);
      await page.keyboard.press("Escape");
      await panel(page).getByRole("form").waitFor({ state: "detached" });
      await button(page, "Close the changes").click();
      await message(page).waitFor();
      await page
        .getByRole("link", { name: /^Changes/ })
        .and(page.locator(":focus"))
        .waitFor();
      expect(on.complaints).toEqual([]);
    },
  );

  test.runIf(isWhole)(
    "[W-8, I-15] what does not fit is refused with both sides; the rest is taken",
    async () => {
      await using on = await sharedGitStage(FILES);
      const session = await twoAuthors(on);
      await writeFile(join(on.project, "numbers.txt"), NUMBERS.replace("line 2\n", "zwei\n"));
      const page = await on.open(`/s/${session.id}/changes`);
      await button(page, "Apply all").click();
      await told(page, "1 file cannot be brought together");
      await button(page, "Show both sides").click();
      const dialog = page.getByRole("dialog", { name: "Conflicts" });
      await dialog.getByRole("region", { name: "numbers.txt" }).getByText("zwei").waitFor();
      await dialog.getByText("two", { exact: true }).waitFor();
      await dialog.getByRole("button", { name: "Leave these out and take the rest" }).click();
      await told(page, "Applied: notes.md.");
      expect(await inProject(on, "notes.md")).toBe("# Notes");
      expect(await inProject(on, "numbers.txt")).toContain("zwei\n");
      expect(on.complaints).toEqual([]);
    },
  );

  test.runIf(isWhole)(
    "[W-8, A-14] a branch that moved on and files that a turn holds are told, each with its way on",
    async () => {
      await using on = await sharedGitStage(FILES);
      const session = await twoAuthors(on);
      const { turn } = await on.server.client.admitInput(session.id, {
        parts: [{ type: "text", text: "HANG" }],
      });
      await until("its start", async () => (await on.server.client.getTurn(turn.id)).opened !== undefined);
      const page = await on.open(`/s/${session.id}/changes`);
      await panel(page).getByText("a turn works here now").waitFor();
      await button(page, "Apply all").click();
      await panel(page).getByRole("link", { name: "Mend the numbers" }).waitFor();
      await on.server.client.cancelTurn(turn.id);
      await until("its end", async () => (await on.server.client.getTurn(turn.id)).time.ended !== undefined);
      await panel(page).getByText("a turn works here now").waitFor({ state: "detached" });
      await git(on, "checkout", "--quiet", "--orphan", "other");
      await git(on, "commit", "--quiet", "--message=elsewhere");
      await button(page, "Try again").click();
      await told(page, "no longer contains the commit");
      await button(page, "Apply onto the files as they are").click();
      await told(page, /^Applied: /);
      expect(await inProject(on, "numbers.txt")).toContain("eighteen\n");
      expect(on.complaints).toEqual([]);
    },
  );
});

describe("the changes of a directory", () => {
  test.runIf(isWhole)(
    "[W-5, W-7, I-15] what nobody can be sure of says so; accepting leaves the files as they are",
    async () => {
      await using on = await sharedGitStage(FILES);
      const session = await sessionOf(on);
      await runTurn(on, session.id, `${edit(3, "three")}\nWRITE notes.md # Notes`);
      const page = await on.open(`/s/${session.id}/changes`);
      await file(page, "notes.md").getByText("Ann", { exact: true }).first().waitFor();
      await file(page, "numbers.txt").getByText("agent or you", { exact: true }).first().waitFor();
      await button(page, "Accept line 3").click();
      await told(page, "Accepted: numbers.txt.");
      expect(await inProject(on, "numbers.txt")).toContain("three\n");
      await file(page, "numbers.txt").getByText("taken over").waitFor();
      await button(page, "Reject all").click();
      await told(page, "Rejected: notes.md.");
      await expect(inProject(on, "notes.md")).rejects.toThrow("ENOENT");
      expect(on.complaints).toEqual([]);
    },
  );

  test.runIf(isWhole)(
    "[W-6, I-15] a comment on a line reaches the agent, and a file that went on is not changed under the reader",
    async () => {
      await using on = await sharedGitStage(FILES);
      const session = await sessionOf(on);
      await runTurn(on, session.id, "WRITE notes.md # Notes");
      const page = await on.open(`/s/${session.id}/changes`);
      await button(page, "Comment on added line 1").press("Enter");
      const form = panel(page).getByRole("form", { name: "Comment on line 1 of notes.md" });
      await form.getByRole("textbox").fill("WRITE notes.md # Better notes");
      await form.getByRole("textbox").press("Control+Enter");
      await told(page, "The comment is on its way to the agent.");
      await log(page).getByText("WRITE notes.md # Better notes").first().waitFor();
      await until("the agent's answer", async () =>
        (await inProject(on, "notes.md")).includes("# Better notes"),
      );
      await file(page, "notes.md")
        .getByRole("button", { name: /^Changed since/ })
        .click();
      await file(page, "notes.md").getByText("# Better notes").waitFor();
      expect(on.complaints).toEqual([]);
    },
  );
});
