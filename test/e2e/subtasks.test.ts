import { afterAll, expect, test } from "vitest";
import { closeBrowser, sharedStage } from "./browser.ts";
import { said } from "./words.ts";

afterAll(closeBrowser);

test("[I-15, R-9.1] a subtask's call leads to its session, that back to its parent, and the list puts it below", async () => {
  await using on = await sharedStage();
  const { client } = on.server;
  const session = await client.createSession({
    directory: on.project,
    agent: "rehearsal",
    approvalMode: "all",
    title: "Plant trees",
  });
  const subtask = {
    type: "subtask",
    agent: "rehearsal",
    description: "Look around",
    prompt: "SAY a heron",
  } as const;
  const parts = [subtask, { type: "text", text: "SAY done" } as const];
  await client.admitInputAndWait(session.id, { parts }, { timeoutMs: 240_000 });
  const page = await on.open(`/s/${session.id}`);
  await said(page).getByText("done").waitFor();
  await page.getByText("What rehearsal was told of the subtasks").waitFor();
  await page.getByRole("article", { name: "You" }).getByText("Look around").waitFor();
  await page.getByRole("link", { name: "Subtask of rehearsal: open its session" }).click();
  await page.getByRole("heading", { name: "Look around" }).waitFor();
  await said(page).getByText("a heron").waitFor();
  const row = page.getByRole("link", { name: /^Below another session.*Look around/ });
  expect(await row.getAttribute("aria-current")).toBe("page");
  await page.getByRole("link", { name: "Parent session" }).click();
  await page.getByRole("heading", { name: "Plant trees" }).waitFor();
  expect(on.complaints).toEqual([]);
});
