import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { closeBrowser, stage } from "./browser.ts";
import { log, message, said, say } from "./words.ts";

afterAll(closeBrowser);

/** The strokes of an input method: while it composes, and Safari's Enter that ends a composition, which comes after its end. */
async function compose(field: Locator, key = "Enter", held: Record<string, boolean> = {}): Promise<void> {
  await field.dispatchEvent("compositionstart");
  await field.dispatchEvent("keydown", { key, isComposing: true, bubbles: true, cancelable: true, ...held });
  await field.dispatchEvent("keydown", {
    key,
    isComposing: true,
    keyCode: 229,
    bubbles: true,
    cancelable: true,
    ...held,
  });
  await field.dispatchEvent("compositionend");
  await field.dispatchEvent("keydown", { key, keyCode: 229, bubbles: true, cancelable: true, ...held });
}

test("[I-22] a key that an input method takes sends, chooses and closes nothing", async () => {
  await using on = await stage("input-methods");
  await mkdir(on.server.project, { recursive: true });
  await writeFile(join(on.server.project, "README.md"), "# Read");
  const { id } = await on.server.client.createSession({
    directory: on.server.project,
    agent: "rehearsal",
    title: "Composed",
  });
  const page = await on.open(`/s/${id}`);
  const turns = async () => (await on.server.client.listTurns(id)).items.length;

  const field = message(page);
  await field.pressSequentially("@REA");
  await page.getByRole("option", { name: "README.md" }).waitFor();
  await compose(field);
  await compose(field, "Tab");
  await compose(field, "Escape");
  await page.getByRole("option", { name: "README.md" }).waitFor();
  expect(await field.inputValue()).toBe("@REA");
  await field.press("Enter");
  expect(await field.inputValue()).toBe("@README.md ");
  await field.fill("HANG");
  await compose(field);
  expect(await field.inputValue()).toBe("HANG");
  // A real composition: what it commits is text, and the Enter after it sends.
  const input = await page.context().newCDPSession(page);
  await field.fill("");
  await field.focus();
  await input.send("Input.imeSetComposition", { text: "にほん", selectionStart: 3, selectionEnd: 3 });
  await input.send("Input.dispatchKeyEvent", {
    type: "rawKeyDown",
    key: "Enter",
    windowsVirtualKeyCode: 229,
  });
  await input.send("Input.insertText", { text: "HANG" });
  expect(await field.inputValue()).toBe("HANG");
  expect(await turns()).toBe(0);
  await field.press("Enter");
  await until("the turn", async () => (await turns()) === 1);

  await page.getByRole("button", { name: "Stop" }).waitFor();
  await say(page, "SAY next");
  await page.getByRole("region", { name: "Queue" }).getByRole("button", { name: "Edit" }).click();
  const queued = page.getByRole("textbox", { name: "Queued message" });
  await compose(queued, "Escape");
  await compose(queued, "Enter", { ctrlKey: true });
  await queued.waitFor();
  await queued.press("Escape");

  await page.getByRole("button", { name: "Rename" }).click();
  const title = page.getByRole("textbox", { name: "Title" });
  await compose(title, "Escape");
  await title.waitFor();
  await title.press("Escape");

  await page.keyboard.press("Control+k");
  const palette = page.getByRole("combobox", { name: "Commands and sessions" });
  await palette.fill("inbox");
  await compose(palette);
  await compose(palette, "ArrowDown");
  await palette.waitFor();
  expect(page.url()).toContain(id);
  await palette.press("Enter");
  await page.getByText("Nothing waits for you").waitFor();
  expect(on.complaints).toEqual([]);
});

type Browser = { getComputedStyle(element: unknown): { direction: string; unicodeBidi: string } };
const directionOf = (one: Locator) =>
  one.evaluate((element: unknown) => {
    const { direction, unicodeBidi } = (globalThis as unknown as Browser).getComputedStyle(element);
    return `${direction} ${unicodeBidi}`;
  });

test("[I-22] words have their own direction, code runs from left to right", async () => {
  await using on = await stage("direction");
  const { id } = await on.server.client.createSession({
    directory: on.server.project,
    agent: "rehearsal",
    approvalMode: "all",
    title: "לתקן את המנתח",
  });
  const page = await on.open(`/s/${id}`);
  await say(page, "SAY זה `rm -rf x` טוב (1).");
  await said(page).getByText("טוב (1)").waitFor();
  expect(await directionOf(said(page).getByText("טוב (1)"))).toMatch(/^rtl/);
  expect(await directionOf(said(page).getByRole("code"))).toBe("ltr isolate");
  await say(page, "שלום");
  const bubble = log(page).getByRole("article", { name: "You" }).getByText("שלום", { exact: true });
  expect(await directionOf(bubble)).toBe("rtl isolate");
  const heading = page.getByRole("heading", { level: 1 });
  expect(await directionOf(heading.getByText("לתקן"))).toBe("rtl isolate");
  expect(await directionOf(page.getByRole("link", { name: /לתקן/ }).first().getByText("לתקן"))).toBe(
    "rtl isolate",
  );
  await message(page).fill("مرحبا");
  expect(await directionOf(message(page))).toMatch(/^rtl/);
  await message(page).fill("hello");
  expect(await directionOf(message(page))).toMatch(/^ltr/);
  await say(page, "WRITE שלום.txt שלום 1\nSAY done");
  await said(page).getByText("done").waitFor();
  const diff = log(page).getByRole("figure").filter({ hasText: "שלום.txt" });
  expect(await directionOf(diff.getByText("שלום.txt"))).toBe("ltr isolate");
  expect(await directionOf(diff.locator("pre"))).toMatch(/^ltr/);
  for (const field of [page.getByRole("searchbox"), message(page)])
    expect(await field.getAttribute("dir")).toBe("auto");
  expect(on.complaints).toEqual([]);
});
