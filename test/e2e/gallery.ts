import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { createServer } from "vite";
import { until } from "../harness/index.ts";

const WEB = join(import.meta.dirname, "../../packages/web");

/** Serves the gallery from its sources, as `npm run gallery` does: the built page has none. */
export async function serveGallery(): Promise<AsyncDisposable & { url: string }> {
  const vite = await createServer({
    root: WEB,
    configFile: join(WEB, "vite.config.ts"),
    logLevel: "error",
    server: { host: "127.0.0.1", port: 0, hmr: false, watch: null },
  });
  await vite.listen();
  const url = new URL("/test/gallery/", vite.resolvedUrls?.local[0]).href;
  return { url, [Symbol.asyncDispose]: () => vite.close() };
}

/** Resolves when every case is drawn; answers with the cases. */
export async function openGallery({ url }: { url: string }, page: Page): Promise<Locator> {
  await page.goto(url);
  await page.getByRole("heading", { name: "Gallery", level: 1 }).waitFor();
  await until("the recorded transcripts", async () => (await page.getByRole("log").count()) >= 15);
  return page.getByRole("main").locator("section[aria-labelledby]:has(> h2)");
}
