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
const WHOLE = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** The same engine without what is around a window: it takes three quarters of the processor time. */
const SHELL = "/usr/bin/chromium-headless-shell";
const PLACES = isWhole ? [...WHOLE, SHELL] : [SHELL, ...WHOLE];

function chromiumPath(): string {
  const path = process.env["CHROMIUM"] ?? PLACES.find((place) => existsSync(place));
  if (path === undefined)
    throw new Error(
      "The tests of the page need Chromium (Debian: apt-get install chromium-headless-shell), or CHROMIUM=<its path>.",
    );
  return path;
}

/** How long a window may take for anything before the test says so, in ms. */
const PATIENCE_MS = 120_000;

let running: Promise<Browser> | undefined;

export const browser = (): Promise<Browser> =>
  (running ??= chromium.launch({
    executablePath: chromiumPath(),
    // Root has no sandbox of its own in a container; the page under test is ours.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  }));

/** Directory, server and what it was started with, for the stages of a file that need none of their own. */
type House = { options: HarnessOptions; server: HoldfastProcess; directory: AsyncDisposable };
let house: Promise<House> | undefined;

/** Ends the browser, and the server that stages shared. */
export async function closeBrowser(): Promise<void> {
  await (await running)?.close();
  running = undefined;
  const shared = await house;
  house = undefined;
  await shared?.server[Symbol.asyncDispose]();
  await shared?.directory[Symbol.asyncDispose]();
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
  /** The directory in which its sessions work. */
  readonly project: string;
  readonly #options: HarnessOptions;
  readonly #contexts: BrowserContext[] = [];
  readonly #directory: AsyncDisposable | undefined;

  /** Without a directory the server is somebody else's, and left running. */
  constructor(
    server: HoldfastProcess,
    options: HarnessOptions,
    directory: AsyncDisposable | undefined,
    prepared: T,
    project = server.project,
  ) {
    this.server = server;
    this.prepared = prepared;
    this.project = project;
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
    if (this.#directory !== undefined) {
      await this.server[Symbol.asyncDispose]();
      await this.#directory[Symbol.asyncDispose]();
    }
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

let places = 0;

/**
 * A project of its own on a server that all such stages of a file share, for tests that neither restart it nor count what it has. They leave no turn
 * running and no question open. The first one starts it, with the options that `start` makes for its root.
 */
export async function sharedStage(
  start: (root: string) => Promise<HarnessOptions> = (root) => Promise.resolve({ root }),
): Promise<Stage> {
  house ??= (async () => {
    const directory = await temporaryDirectory("e2e-shared");
    const options = await start(directory.path);
    return { options, server: await startHoldfast(options), directory };
  })();
  const { options, server } = await house;
  // The page shows the name of the place, so it has none that a test may look for.
  return new Stage(server, options, undefined, undefined, await server.place(`place-${(places += 1)}`));
}
