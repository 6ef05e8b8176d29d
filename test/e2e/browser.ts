import { existsSync } from "node:fs";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import {
  type HarnessOptions,
  type HoldfastProcess,
  startHoldfast,
  temporaryDirectory,
} from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { PageWatch } from "./page-watch.ts";

/** Where Debian and others put Chromium; CHROMIUM names another. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

function chromiumPath(): string {
  const path = process.env["CHROMIUM"] ?? PLACES.find((place) => existsSync(place));
  if (path === undefined)
    throw new Error(
      "The tests of the page need Chromium (Debian: apt-get install chromium), or CHROMIUM=<its path>.",
    );
  return path;
}

/** How long a window may take for anything before the test says so, in ms. */
const PATIENCE_MS = 120_000;

let running: Promise<Browser> | undefined;

const browser = (): Promise<Browser> =>
  (running ??= chromium.launch({
    executablePath: chromiumPath(),
    // Root has no sandbox of its own in a container; the page under test is ours.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  }));

export async function closeBrowser(): Promise<void> {
  await (await running)?.close();
  running = undefined;
}

/**
 * A real server with a real browser before it. Everything the page complained of is collected in `complaints`. Leaving the stage fails when the page
 * shifted or its policy refused something in any window (`PageWatch`), unless `isSteadinessDemanded` was taken back.
 */
export class Stage<T = undefined> implements AsyncDisposable {
  server: HoldfastProcess;
  /** What was made in the directory before the server started. */
  readonly prepared: T;
  /** Errors of scripts, refused content (CSP) and failed assets, of all windows. */
  readonly complaints: string[] = [];
  isSteadinessDemanded = true;
  readonly watch = new PageWatch();
  readonly #options: HarnessOptions;
  readonly #contexts: BrowserContext[] = [];
  readonly #directory: AsyncDisposable;

  constructor(server: HoldfastProcess, options: HarnessOptions, directory: AsyncDisposable, prepared: T) {
    this.server = server;
    this.prepared = prepared;
    this.#options = options;
    this.#directory = directory;
  }

  /** A browser of its own, without access yet. What moves is drawn at every frame, so in a sample its person wants no motion. */
  async context(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const reducedMotion = isWhole ? "no-preference" : "reduce";
    const context = await (
      await browser()
    ).newContext({ viewport: { width: 1280, height: 800 }, reducedMotion, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    this.#contexts.push(context);
    await this.watch.join(context);
    return context;
  }

  /** Opens a place of the page with access, as `holdfast open` does it; `url` when the way leads through something else. */
  async open(path = "/", given: { context?: BrowserContext; url?: string } = {}): Promise<Page> {
    const page = await (given.context ?? (await this.context())).newPage();
    page.on("pageerror", (error) => this.complaints.push(error.stack ?? error.message));
    page.on("console", (message) => {
      const text = message.text();
      const isNetwork = text.includes("net::ERR") || text.includes("Failed to load resource");
      if (message.type() === "error" && !isNetwork) this.complaints.push(text);
    });
    const { code } = await this.server.client.createAccessCode();
    await page.goto(`${given.url ?? this.server.url}${path}#code=${code}`);
    return page;
  }

  /** Starts the server again on the same data and the same address. */
  async restart(): Promise<void> {
    const { port } = new URL(this.server.url);
    const environment = { ...this.#options.environment, HOLDFAST_PORT: port };
    this.server = await startHoldfast({ ...this.#options, environment });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.server[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
    const wrong = this.watch.complaints();
    if (this.isSteadinessDemanded && wrong.length > 0) throw new Error(wrong.join("\n"));
  }
}

export async function stage(name: string, environment?: Record<string, string>): Promise<Stage>;
export async function stage<T>(
  name: string,
  environment: Record<string, string>,
  prepare: (root: string) => Promise<T>,
): Promise<Stage<T>>;
export async function stage(
  name: string,
  environment: Record<string, string> = {},
  prepare: (root: string) => Promise<unknown> = () => Promise.resolve(undefined),
): Promise<Stage<unknown>> {
  const directory = await temporaryDirectory(`e2e-${name}`);
  const prepared = await prepare(directory.path);
  const options: HarnessOptions = { root: directory.path, environment };
  return new Stage(await startHoldfast(options), options, directory, prepared);
}
