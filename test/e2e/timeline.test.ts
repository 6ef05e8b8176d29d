import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { closeBrowser, type Stage, stage } from "./browser.ts";
import { numbered, writeLongSession } from "./long-session.ts";
import { log, message, said } from "./words.ts";

afterAll(closeBrowser);

const TURNS = 5_000;

const slider = (page: Page) => page.getByRole("slider", { name: "Step" });
const banner = (page: Page) => page.getByRole("heading", { name: "You look at the past" });
const wordsOf = async (page: Page) => (await slider(page).getAttribute("aria-valuetext")) ?? "";

/** Waits until the slider says that it stands at this step. */
const standsAt = (page: Page, words: string) =>
  until(`the step ${words}`, async () => (await wordsOf(page)).includes(words));

/** Runs in the page: the next time that the address follows a step, "Earlier step" is pressed within the same call. */
const PRESS_WHEN_THE_ADDRESS_FOLLOWS = `{
  const replace = history.replaceState.bind(history);
  history.replaceState = (...given) => {
    history.replaceState = replace;
    replace(...given);
    document.querySelector('button[aria-label="Earlier step"]').click();
  };
}`;

/** A session with two turns: a permission that was given and a plain answer. */
async function twoTurns(on: Stage): Promise<string> {
  const { client } = on.server;
  const session = await client.createSession({
    directory: on.server.project,
    agent: "rehearsal",
    approvalMode: "ask",
    title: "Two turns",
  });
  const ask = (text: string) =>
    client.admitInputAndWait(session.id, { parts: [{ type: "text", text }] }, { timeoutMs: 240_000 });
  const first = ask("SAY before the call\nBASH echo from the shell\nSAY after the call");
  await until(
    "the request",
    async () => (await client.listPermissions({ state: "pending" })).items.length > 0,
  );
  const [request] = (await client.listPermissions({ state: "pending" })).items;
  await client.replyPermission(request?.id ?? "", { reply: "once" });
  await first;
  await ask("SAY the second answer");
  return session.id;
}

describe("the timeline", () => {
  test.runIf(isWhole)(
    "[I-15, I-17] back and forth by keys, over a reload, and played to the end",
    async () => {
      await using on = await stage("timeline");
      const sessionId = await twoTurns(on);
      const page = await on.open(`/s/${sessionId}`);
      await said(page).getByText("the second answer").waitFor();
      await page.getByRole("link", { name: "Timeline" }).click();
      await banner(page).waitFor();
      await standsAt(page, "Step 7 of 7: The turn ended");
      expect(await message(page).count()).toBe(0);

      // The slider has the focus: the arrows go through the steps.
      await page.keyboard.press("ArrowLeft");
      await standsAt(page, "Step 6 of 7: You: SAY the second answer");
      await log(page).getByText("Opening the agent").waitFor();
      expect(await said(page).getByText("the second answer").count()).toBe(0);
      for (let left = 4; left > 0; left -= 1) await page.keyboard.press("ArrowLeft");
      await standsAt(page, "Step 2 of 7: Asked: echo from the shell");
      await page.getByText("The agent waited for an answer.").waitFor();
      await said(page).getByText("before the call").waitFor();
      await log(page)
        .getByRole("region", { name: /echo from the shell, pending/ })
        .waitFor();
      expect(await page.getByRole("button", { name: "Allow once" }).count()).toBe(0);
      expect(await log(page).getByText("after the call").count()).toBe(1); // in what was asked, not in what was said
      expect(await said(page).getByText("after the call").count()).toBe(0);

      // The address follows each step a moment later; that of the request is its id, the others are numbers.
      await until("the address of the request", async () => /step=per_\w+$/.test(page.url()));
      await page.keyboard.press("ArrowRight");
      await standsAt(page, "Step 3 of 7: Allowed once");
      await until("the address of the third step", async () => /step=\d+$/.test(page.url()));
      const third = page.url();
      await page.keyboard.press("ArrowRight");
      await standsAt(page, "Step 4 of 7: echo from the shell");
      await log(page)
        .getByRole("region", { name: /echo from the shell, completed/ })
        .waitFor();
      await until("the address of the fourth", async () => page.url() !== third);

      await page.reload();
      await standsAt(page, "Step 4 of 7: echo from the shell");
      await log(page)
        .getByRole("region", { name: /echo from the shell, completed/ })
        .waitFor();
      expect(await said(page).getByText("after the call").count()).toBe(0);

      await page.getByRole("combobox", { name: "Speed" }).selectOption("4");
      await page.getByRole("button", { name: "Play" }).click();
      await standsAt(page, "Step 7 of 7");
      await page.getByRole("button", { name: "Play" }).waitFor();
      await said(page).getByText("the second answer").waitFor();

      await page.keyboard.press("Escape");
      await message(page).waitFor();
      expect(page.url()).toBe(`${on.server.url}/s/${sessionId}`);
      expect(on.complaints).toEqual([]);
    },
  );

  test("[I-15] a step that is chosen while the address takes the one before it stays", async () => {
    await using on = await stage("timeline-address");
    const sessionId = await twoTurns(on);
    const page = await on.open(`/s/${sessionId}/timeline`);
    await standsAt(page, "Step 7 of 7");
    // At the very moment at which the address follows the first press, the second one comes.
    await page.evaluate(PRESS_WHEN_THE_ADDRESS_FOLLOWS);
    await page.keyboard.press("ArrowLeft");
    await standsAt(page, "Step 5 of 7");
    // The address of a step that somebody wrote or went back to is followed all the same.
    await until("the address of the step", async () => /step=\d+$/.test(page.url()));
    await page.evaluate(
      "history.pushState(null, '', location.pathname); history.pushState(null, '', location.pathname); history.back();",
    );
    await standsAt(page, "Step 7 of 7");
    expect(on.complaints).toEqual([]);
  });

  test("[I-15, I-17] back to now while a turn streams: nothing is lost, nothing doubled", async () => {
    await using on = await stage("timeline-live");
    const session = await on.server.client.createSession({
      directory: on.server.project,
      agent: "rehearsal",
      approvalMode: "all",
    });
    const page = await on.open(`/s/${session.id}`);
    await message(page).fill("BASH echo first\nSLOW 600 20\nBASH echo second\nSLOW 100 20\nSAY the end");
    await message(page).press("Enter");
    await until("some words", async () => ((await said(page).last().textContent()) ?? "").includes("w20 "));
    await page.getByRole("link", { name: "Timeline" }).focus();
    await page.keyboard.press("t");
    await banner(page).waitFor();
    await page.getByRole("button", { name: "Back to now, a turn runs" }).waitFor();
    await standsAt(page, "Step 2 of 2: echo first");
    await page.keyboard.press("Home");
    await standsAt(page, "Step 1 of 2");
    // The turn goes on: its next step comes, and the chosen one stays.
    await standsAt(page, "Step 1 of 3");
    await page.keyboard.press("t");
    await said(page).getByText("the end").waitFor();
    const text = (await said(page).allTextContents()).join(" ");
    const numbers = [...text.matchAll(/\bw(\d+)\b/g)].map(([, digits]) => Number(digits));
    const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
    expect(numbers).toEqual([...upTo(600), ...upTo(100)]);
    expect(on.complaints).toEqual([]);
  });

  test("[I-15] it is in the palette and in the map of the keyboard, and an empty or unknown session says so", async () => {
    await using on = await stage("timeline-ways");
    const session = await on.server.client.createSession({
      directory: on.server.project,
      agent: "rehearsal",
    });
    const page = await on.open(`/s/${session.id}`);
    await message(page).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Commands and sessions" }).fill("timeline");
    await page.keyboard.press("Enter");
    await page.getByText("Nothing happened yet").waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).getByText("Timeline: back to now").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await banner(page).waitFor();
    await page.goto(`${on.server.url}/s/ses_00000000000000000000000000/timeline?step=4`);
    await page.getByText("This session is not here").waitFor();
    expect(on.complaints).toEqual([]);
  });

  test("[T-18] a log that is slow to read moves nothing when it turns out to be empty", async () => {
    await using on = await stage("timeline-slow-log");
    const session = await on.server.client.createSession({
      directory: on.server.project,
      agent: "rehearsal",
    });
    const context = await on.context();
    const isSeen = Promise.withResolvers<void>();
    await context.route(`**/sessions/${session.id}/events*`, async (route) => {
      await isSeen.promise;
      await route.continue();
    });
    const page = await on.open(`/s/${session.id}/timeline`, { context });
    await page.getByText("Reading the log").waitFor();
    isSeen.resolve();
    await page.getByText("Nothing happened yet").waitFor();
    expect(on.complaints).toEqual([]);
  });

  test.runIf(isWhole)(
    "[I-15, I-16] 10,000 messages: a leap into the middle, and what is drawn stays little",
    async () => {
      await using on = await stage("timeline-long", {}, (root) => writeLongSession(root, TURNS));
      const page = await on.open(`/s/${on.prepared}/timeline`);
      // A turn has two steps, and a third when it made a call.
      const steps = TURNS * 2 + TURNS / 10;
      await until("the whole log", async () => (await wordsOf(page)).includes(`of ${steps}:`), 120_000);
      await log(page).getByText(numbered(TURNS)).waitFor();
      await slider(page).fill(String(2_100 * 2 + 210));
      await standsAt(page, numbered(2_101));
      await log(page).getByText(numbered(2_101)).waitFor();
      expect(await log(page).getByText(numbered(2_102)).count()).toBe(0);
      await page.keyboard.press("ArrowLeft");
      await standsAt(page, "The turn ended");
      await log(page).getByText(numbered(2_100)).waitFor();
      await page.getByText("Older messages are at earlier steps.").waitFor();
      expect(await log(page).locator("[data-index]").count()).toBeLessThan(100);
      expect(on.complaints).toEqual([]);
    },
  );
});
