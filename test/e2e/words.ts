import type { Page } from "playwright-core";
import { until } from "../harness/index.ts";

export const message = (page: Page) => page.getByRole("combobox", { name: "Message" });
export const log = (page: Page) => page.getByRole("log");

/** What agents said, apart from what they were told. */
export const said = (page: Page) => log(page).locator(".prose");

/** Writes and sends as a person does. */
export async function say(page: Page, text: string): Promise<void> {
  await message(page).fill(text);
  await message(page).press("Enter");
  const composer = page.getByRole("region", { name: "Composer" });
  await until(
    "the server to take the message",
    async () =>
      (await message(page).inputValue()) === "" && (await composer.getAttribute("aria-busy")) === "false",
  );
}

/** The numbered words of `SLOW` that stand in the last answer, in their order on the page. */
export async function slowWords(page: Page): Promise<number[]> {
  const text = (await said(page).last().textContent()) ?? "";
  return [...text.matchAll(/\bw(\d+)\b/g)].map(([, digits]) => Number(digits));
}
