/** The native agent on the page: how it gets a model, which one it takes, and what it says of its work. */
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { closeBrowser, type Stage } from "./browser.ts";
import { AGAIN, BIRD, BUSY, FULL, nativeStage } from "./native-stage.ts";
import { seriousOf } from "./serious.ts";
import { log, message, said, say } from "./words.ts";

afterAll(closeBrowser);

const PHONE = { width: 390, height: 844 };
const agentOf = (page: Page) => page.getByRole("combobox", { name: "Agent" });
const modelOf = (page: Page) => page.getByRole("button", { name: /^Model: / });
const dialog = (page: Page) => page.getByRole("dialog", { name: "Models" });

/** It fits its window, and axe finds nothing. */
async function isSound(page: Page): Promise<void> {
  const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
  expect(await page.evaluate<number>(overflow)).toBe(0);
  expect(await seriousOf(page)).toEqual([]);
}

/** Types the command that stands there, with an editor that writes a key, and asks the page to look again. */
async function giveKey(on: Stage, page: Page): Promise<void> {
  const offer = page.getByRole("region", { name: "Holdfast's own agent" });
  await offer.getByText("ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY").waitFor();
  await isSound(page);
  const editor = join(on.server.root, "editor.sh");
  await writeFile(editor, `#!/bin/sh\nprintf '{"anthropic": "sk-not-real"}' > "$1"\n`, { mode: 0o755 });
  const command = (await offer.locator("code", { hasText: "keys.json" }).textContent()) ?? "";
  execFileSync("/bin/sh", ["-c", command], { env: { ...process.env, EDITOR: editor } });
  await offer.getByRole("button", { name: "Refresh" }).click();
  await offer.waitFor({ state: "detached" });
}

test("[A-26, I-16] from no model to a result: the page says how it gets one, takes one by keyboard, and draws what it does", async () => {
  await using house = await nativeStage();
  const { on } = house;
  const page = await on.open("/");
  await giveKey(on, page);
  await until("the agent to be chosen", async () => (await agentOf(page).inputValue()) === "native:build");
  await modelOf(page).click();
  await dialog(page).getByText("$4 in, $20 out per million").first().waitFor();
  expect(await page.content()).not.toContain("sk-not-real");
  await page.keyboard.press("Escape");

  await house.equip();
  await page.goto(`${on.server.url}/new`);
  await page.getByLabel("Directory").fill(on.project);
  await until("the agent to be chosen", async () => (await agentOf(page).inputValue()) === "native:build");
  await page.getByRole("button", { name: "Start the session" }).click();
  await message(page).waitFor();
  const sessionId = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  await modelOf(page).click();
  await isSound(page);
  await dialog(page).getByRole("combobox", { name: "Variant of Heron 1" }).selectOption("high");
  await page.getByRole("button", { name: "Model: Heron 1, high" }).waitFor();
  await until("the variant to be the session's", async () => {
    const { model } = await on.server.client.getSession(sessionId);
    return model?.modelId === "heron-1" && model.variant === "high";
  });
  await say(page, "SAY With a price.");
  await log(page)
    .getByText(/ out · \$0\.0\d+/)
    .waitFor();
  await chooseByKeyboard(page);
  await say(page, "SAY Without one.");
  await until("the turn to end", async () => (await log(page).getByText(/ out$/).count()) === 1);
  expect(await log(page).getByText(/\$/).count()).toBe(1);
  expect(on.complaints).toEqual([]);

  await drawn(house);
  expect(on.complaints).toEqual([]);
});

/** On a phone: a few letters, Enter, and the focus is back. */
async function chooseByKeyboard(page: Page): Promise<void> {
  await page.setViewportSize(PHONE);
  await modelOf(page).press("Enter");
  const heron = dialog(page).getByRole("option", { name: /Heron 1/ });
  await heron.getByText("40K context").waitFor();
  await heron.getByText("$3 in, $15 out per million").waitFor();
  await isSound(page);
  await page.keyboard.type("wrn");
  await dialog(page)
    .getByRole("option", { name: /Wren 1.*Price not known/, selected: true })
    .waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Model: Wren 1" }).and(page.locator(":focus")).waitFor();
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Each in a session of its own: a call again and again, a full context, a try that waits, an answer as JSON. */
async function drawn({ on, session }: Awaited<ReturnType<typeof nativeStage>>): Promise<void> {
  const made = await session("What it does");
  await writeFile(join(on.project, "notes.txt"), "a heron\n");
  const page = await on.open(`/s/${made.id}`);
  await message(page).waitFor();
  await say(page, `${AGAIN}\nSAY It was meant.`);
  await page.getByText("repeats itself").waitFor();
  await isSound(page);
  await page.getByRole("button", { name: "Allow once" }).click();
  await said(page).getByText("It was meant.").waitFor();

  await say(page, `${AGAIN}\nSAY Then not.`);
  await page.getByText("repeats itself").waitFor();
  await page.getByRole("textbox", { name: "What to do instead" }).fill("Look into the other one.");
  await page.getByRole("button", { name: "Reject" }).click();
  await said(page).getByText("Then not.").waitFor();
  const { items } = await on.server.client.listMessages(made.id);
  const refused = items
    .flatMap(({ parts }) => parts)
    .filter((part) => part.type === "tool" && part.state.status === "error");
  expect(JSON.stringify(refused)).toContain("Look into the other one.");

  await say(page, FULL);
  await log(page).getByText("Older messages were summarised for the agent").waitFor();
  await log(page)
    .getByRole("button", { name: /^Summary/ })
    .waitFor();

  await on.server.client.admitInput(made.id, BIRD);
  await log(page).getByRole("region", { name: "Result", exact: true }).getByText("heron").waitFor();
  const misfit = log(page).getByRole("region", { name: "Result that does not fit" });
  await misfit.getByText("/bird must be string").waitFor();

  await say(page, BUSY);
  await log(page)
    .getByText(/Tries again in [34]\d s/)
    .waitFor();
  await isSound(page);
  await page.getByRole("button", { name: "Stop" }).click();
  await log(page).getByText("Stopped by you").waitFor();
}
