import type { Locator, Page } from "playwright-core";
import { until } from "../harness/index.ts";
import type { Stage } from "./browser.ts";

/** Opens the gallery, as one who develops the page does; resolves when every case is drawn. */
export async function openGallery(on: Stage, page: Page): Promise<Locator> {
  await page.goto(`${on.server.url}/gallery`);
  await page.getByRole("heading", { name: "Gallery", level: 1 }).waitFor();
  const cases = page.getByRole("main").locator("section[aria-labelledby]:has(> h2)");
  await until("the recorded transcripts", async () => (await page.getByRole("log").count()) >= 15);
  return cases;
}
