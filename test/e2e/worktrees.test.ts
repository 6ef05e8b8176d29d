import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { closeBrowser, type Stage } from "./browser.ts";
import { gitStage, runTurn, sessionOf } from "./git-stage.ts";
import { message, said, say } from "./words.ts";

afterAll(closeBrowser);

const FILES = { "README.md": "# Parser\n", ".gitignore": ".env\n" };
const ENV = ".env";

const place = (page: Page) => page.getByRole("button", { name: /^Where it works/ });
const dialog = (page: Page, name: string | RegExp) => page.getByRole("dialog", { name });
const worktrees = (on: Stage) => on.server.client.listWorktrees().then(({ items }) => items);

describe("worktrees", () => {
  test("[W-1, W-2, I-15] a session is started in a worktree of its own, and another one joins it there", async () => {
    await using on = await gitStage("worktree-new", FILES);
    await writeFile(join(on.server.project, "README.md"), "# Not committed\n");
    const page = await on.open(`/new?directory=${encodeURIComponent(on.server.project)}`);
    await page.getByRole("radio", { name: /from the files as they are now/ }).check();
    await page.getByRole("combobox", { name: "Agent" }).selectOption("ann");
    await page.getByRole("button", { name: "Start the session" }).click();
    await message(page).waitFor();
    const [worktree] = await worktrees(on);
    expect(worktree).toMatchObject({ state: "active" });
    expect(await readFile(join(worktree?.path ?? "", "README.md"), "utf8")).toBe("# Not committed\n");
    await until("the branch in the header", async () =>
      (await place(page).getAttribute("title"))?.includes(worktree?.branch ?? "-"),
    );
    await place(page).click();
    await dialog(page, "Where it works")
      .getByRole("radio", { name: /Turns beside each other/ })
      .click();
    await until(
      "the setting",
      async () => (await on.server.client.getWorkspace(worktree?.workspaceId ?? "")).concurrency === "shared",
    );
    await dialog(page, "Where it works").getByRole("button", { name: "Another session here" }).click();
    await page.getByText("Works in the same place as").waitFor();
    await page.getByRole("button", { name: "Start the session" }).click();
    await message(page).waitFor();
    const { items } = await on.server.client.listSessions();
    expect(items.map(({ workspaceId }) => workspaceId)).toEqual([
      worktree?.workspaceId,
      worktree?.workspaceId,
    ]);
    expect(on.complaints).toEqual([]);
  });

  test("[W-10, W-11, I-15] every risk is named before a deletion; what was kept comes back", async () => {
    await using on = await gitStage("worktree-risk", FILES);
    const session = await sessionOf(on, { worktree: true, title: "Mend the parser" });
    await runTurn(on, session.id, "WRITE notes.md # Notes");
    await writeFile(join(session.directory, ENV), "SECRET=1\n");
    const page = await on.open("/worktrees");
    const [worktree] = await worktrees(on);
    const branch = worktree?.branch ?? "-";
    const row = page.getByRole("listitem").filter({ hasText: branch });
    await row.getByRole("link", { name: "Mend the parser" }).waitFor();
    await row.getByRole("button", { name: `Delete ${branch}` }).click();
    const risks = dialog(page, `Delete ${branch}`);
    await risks.getByText("Files that git does not know yet").waitFor();
    const ignored = risks.getByRole("listitem").filter({ hasText: "Files that git ignores" });
    await ignored.getByText("not kept").waitFor();
    expect(await risks.getByRole("button", { name: "Delete" }).isDisabled()).toBe(true);
    await risks.getByRole("checkbox", { name: "Discard what is not kept" }).check();
    await risks.getByRole("button", { name: "Delete" }).click();
    await row.getByText("removed", { exact: true }).waitFor();
    await row.getByText("Its work is in a rescue, kept for 30 more days").waitFor();
    await expect(readFile(join(session.directory, "notes.md"))).rejects.toThrow("ENOENT");
    await row.getByRole("button", { name: "Restore" }).click();
    await row.getByText("active", { exact: true }).waitFor();
    expect(await readFile(join(session.directory, "notes.md"), "utf8")).toBe("# Notes");
    expect(on.complaints).toEqual([]);
  });

  test.runIf(isWhole)(
    "[W-10, I-15] deleting a session asks the same, and its worktree goes with it",
    async () => {
      await using on = await gitStage("worktree-session", FILES);
      const session = await sessionOf(on, { worktree: true, title: "Mend the parser" });
      await runTurn(on, session.id, "WRITE notes.md # Notes");
      const page = await on.open(`/s/${session.id}`);
      await place(page).click();
      await dialog(page, "Where it works").getByRole("button", { name: "Delete the session" }).click();
      const risks = dialog(page, "Delete Mend the parser");
      await risks.getByRole("list", { name: "Risks" }).waitFor();
      await risks.getByRole("button", { name: "Keep" }).click();
      await place(page).click();
      await dialog(page, "Where it works").getByRole("button", { name: "Delete the session" }).click();
      await risks.getByRole("checkbox", { name: "Delete anyway" }).check();
      await risks.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("heading", { name: "Welcome to Holdfast" }).waitFor();
      expect(await worktrees(on)).toMatchObject([{ state: "removed" }]);
      expect(on.complaints).toEqual([]);
    },
  );

  test.runIf(isWhole)(
    "[W-11, I-15] a teardown command that fails keeps the worktree, says what it said, and can be left out",
    async () => {
      await using on = await gitStage("worktree-teardown", FILES);
      await sessionOf(on, { worktree: true });
      const [worktree] = await worktrees(on);
      const teardown = ["sh", "-c", "echo the database is still up; exit 3"];
      await on.server.client.patchProject(worktree?.projectId ?? "", { worktree: { teardown } });
      const page = await on.open("/worktrees");
      const row = page.getByRole("listitem").filter({ hasText: worktree?.branch ?? "-" });
      await row.getByRole("button", { name: /^Delete/ }).click();
      const risks = dialog(page, /^Delete/);
      await risks.getByText("Nothing would be lost.").waitFor();
      await risks.getByRole("button", { name: "Delete" }).click();
      await risks.getByText("the database is still up").waitFor();
      await risks.getByRole("checkbox", { name: "Leave the teardown command out" }).check();
      await risks.getByRole("button", { name: "Delete" }).click();
      await row.getByText("removed", { exact: true }).waitFor();
      expect(on.complaints).toEqual([]);
    },
  );

  test.runIf(isWhole)(
    "[W-10, W-15, I-15] from the archive a session is brought back with its worktree, or deleted after a look",
    async () => {
      await using on = await gitStage("worktree-archive", FILES);
      const session = await sessionOf(on, { worktree: true, title: "Mend the parser" });
      await runTurn(on, session.id, "WRITE notes.md # Notes");
      const page = await on.open(`/s/${session.id}`);
      const archive = async () => {
        await page.getByRole("button", { name: "Archive" }).click();
        await until("the archived worktree", async () => (await worktrees(on))[0]?.state === "archived");
        await page.goto(`${on.server.url}/archive`);
      };
      await archive();
      await page.getByRole("button", { name: "Bring back" }).click();
      await message(page).waitFor();
      expect(await worktrees(on)).toMatchObject([{ state: "active" }]);
      expect(await readFile(join(session.directory, "notes.md"), "utf8")).toBe("# Notes");
      await archive();
      await page.getByRole("button", { name: "Delete Mend the parser" }).click();
      const risks = dialog(page, "Delete Mend the parser");
      await risks.getByRole("checkbox", { name: "Delete anyway" }).check();
      await risks.getByRole("button", { name: "Delete" }).click();
      await page.getByText("The archive is empty").waitFor();
      expect(on.complaints).toEqual([]);
    },
  );

  test.runIf(isWhole)(
    "[W-12, W-13, I-15] a directory that is gone is made anew; the clean-up says first what it would do",
    async () => {
      await using on = await gitStage("worktree-lost", FILES);
      const session = await sessionOf(on, { worktree: true });
      await rm(session.directory, { recursive: true });
      const page = await on.open(`/s/${session.id}`);
      await say(page, "SAY is anybody there");
      await page.getByRole("link", { name: "Bring it back" }).click();
      const [worktree] = await worktrees(on);
      const row = page.getByRole("listitem").filter({ hasText: worktree?.branch ?? "-" });
      await row.getByText("lost", { exact: true }).waitFor();
      await row.getByRole("button", { name: "Make anew" }).click();
      await row.getByText("active", { exact: true }).waitFor();
      expect(await readFile(join(session.directory, "README.md"), "utf8")).toBe("# Parser\n");
      await page.goBack();
      await say(page, "SAY back again");
      await said(page).getByText("back again").waitFor();
      await page.goto(`${on.server.url}/worktrees`);
      await page.getByRole("button", { name: "Clean up" }).click();
      await dialog(page, "Clean up worktrees")
        .getByText(/would be|There is nothing to clean up/)
        .first()
        .waitFor();
      expect(on.complaints).toEqual([]);
    },
  );

  test.runIf(isWhole)(
    "[W-2, I-15] a project says what is copied and run; the next worktree has it",
    async () => {
      await using on = await gitStage("worktree-project", FILES);
      await writeFile(join(on.server.project, ENV), "SECRET=1\n");
      await sessionOf(on);
      const page = await on.open("/worktrees");
      await page.getByRole("button", { name: "Settings of project" }).click();
      const form = page.getByRole("form", { name: "Worktrees of project" });
      await form.getByRole("textbox", { name: /^Ignored files to copy/ }).fill(".env\n");
      await form.getByRole("textbox", { name: /^Setup command/ }).fill('sh -c "echo ready > setup.txt');
      await form.getByRole("button", { name: "Save" }).click();
      await form.getByText("a quote that is not closed").waitFor();
      await form.getByRole("textbox", { name: /^Setup command/ }).fill('sh -c "echo ready > setup.txt"');
      await form.getByRole("button", { name: "Save" }).click();
      await form.getByText("Saved.").waitFor();
      const session = await sessionOf(on, { worktree: true });
      expect(await readFile(join(session.directory, ENV), "utf8")).toBe("SECRET=1\n");
      expect(await readFile(join(session.directory, "setup.txt"), "utf8")).toBe("ready\n");
      expect(on.complaints).toEqual([]);
    },
  );
});
