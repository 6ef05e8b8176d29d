/** `npm run screenshots`: every view and state, desktop and phone, light and dark, into tmp/screenshots; `-- sharing` and `-- native` those of it alone. `--commit` puts the three of the README into docs. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { buildPage } from "../../scripts/build/page.ts";
import { until } from "../harness/index.ts";
import { closeBrowser, type Stage, stage } from "./browser.ts";
import { openGallery, serveGallery } from "./gallery.ts";
import { gitStage, runTurn, sessionOf } from "./git-stage.ts";
import { shootNative } from "./screenshots-native.ts";
import { shootSharing } from "./screenshots-sharing.ts";
import { message, said, say } from "./words.ts";

const FOLDER = join(import.meta.dirname, "../../tmp/screenshots");
const DOCS = join(import.meta.dirname, "../../docs");
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;
const THEMES = ["light", "dark"] as const;

/** The pictures of the README, by their file in FOLDER. */
const KEPT: Readonly<Record<string, string>> = {
  "busy-desktop-light": "page.png",
  "permission-desktop-dark": "page-dark.png",
  "busy-phone-light": "page-phone.png",
};

let count = 0;

/** The state on the page, in every size and theme. */
async function shoot(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.waitForTimeout(150);
      await page.screenshot({ path: join(FOLDER, `${name}-${size}-${colorScheme}.png`) });
      const kept = KEPT[`${name}-${size}-${colorScheme}`];
      if (kept !== undefined && process.argv.includes("--commit"))
        await page.screenshot({ path: join(DOCS, kept) });
      count += 1;
    }
  }
  await page.setViewportSize(SIZES.desktop);
}

async function work(on: Stage, page: Page): Promise<void> {
  const session = await on.server.client.createSession({
    directory: on.server.project,
    agent: "rehearsal",
    approvalMode: "ask",
    title: "Mend the parser",
  });
  await page.goto(`${on.server.url}/s/${session.id}`);
  await message(page).waitFor();
  await shoot(page, "empty-session");
  await say(
    page,
    'THINK The README says what the parser must do; I read it first.\nREAD README.md\nWRITE parser.ts export const parse = (text: string) => text.split(",");\nPLAN Read the README | Write the parser | Run the tests\nSAY The parser is written.',
  );
  await page.getByRole("button", { name: "Allow once" }).waitFor();
  await shoot(page, "permission");
  await page.getByRole("link", { name: "Inbox, 1 waiting" }).click();
  await page.getByRole("heading", { name: "Inbox" }).waitFor();
  await shoot(page, "inbox");
  await page.getByRole("button", { name: "Allow once" }).click();
  await page.goto(`${on.server.url}/s/${session.id}`);
  await said(page).getByText("The parser is written.").waitFor();
  await on.server.client.patchSession(session.id, { approvalMode: "all" });
  await say(
    page,
    "BASH printf 'ok 1 - splits\\nok 2 - keeps blanks\\n\\033[32m2 passed\\033[0m\\n'\nSAY All tests pass. ",
  );
  await said(page).getByText("All tests pass.").waitFor();
  await say(page, "SLOW 2000 20");
  await page.getByRole("button", { name: "Stop" }).waitFor();
  await say(page, "SAY Now the documentation");
  await say(page, "SAY And a changelog entry");
  await page.getByRole("region", { name: "Queue" }).getByText("changelog").waitFor();
  await shoot(page, "busy");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  await shoot(page, "palette");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Agent: Rehearsal" }).click();
  await page.getByRole("dialog", { name: "Agents" }).waitFor();
  await shoot(page, "choosing-an-agent");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("Stopped by you").waitFor();
  await shoot(page, "stopped");
  await say(page, "FAIL 500 the model is overloaded");
  await page.getByRole("button", { name: "Go on" }).click();
  await until("the failed turn", async () =>
    (await on.server.client.listTurns(session.id)).items.some(({ state }) => state === "failed"),
  );
  await shoot(page, "failed");
  await page.getByRole("link", { name: "Timeline" }).click();
  await page.getByRole("slider", { name: "Step" }).waitFor();
  await shoot(page, "timeline-end");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.getByText("The agent waited for an answer.").waitFor();
  await shoot(page, "timeline-asked");
}

const PARSER = `/** Splits at commas. */
export function parse(text: string) {
  return text.split(",");
}
${"\n// Kept as it is.".repeat(12)}

export const VERSION = 1;
`;

/** The review of two agents' changes, and everything about the worktree that they are in. */
async function shootChanges(): Promise<void> {
  await using on = await gitStage("shots", { "src/parser.ts": PARSER, "README.md": "# Parser\n" });
  const session = await sessionOf(on, { worktree: true, title: "Mend the parser" });
  await runTurn(
    on,
    session.id,
    `SAY I make the parser strict.\nBASH sed -i 's/^export function parse.*/export function parse(text: string): string[] {\\n  if (text === "") return [];/' src/parser.ts\nWRITE notes.md # Notes`,
  );
  await runTurn(on, session.id, "BASH sed -i 's/VERSION = 1/VERSION = 2/' src/parser.ts\nSAY Done.", "bob");
  const page = await on.open(`/s/${session.id}/changes`);
  const panel = page.getByRole("region", { name: "Changes" });
  await panel.getByRole("button", { name: "Comment on added line 3", exact: true }).waitFor();
  await shoot(page, "changes");
  await panel.getByRole("button", { name: "Comment on added line 3", exact: true }).click();
  await shoot(page, "changes-comment");
  await page.keyboard.press("Escape");
  await writeFile(join(on.server.project, "src/parser.ts"), PARSER.replace("VERSION = 1", "VERSION = 3"));
  await panel.getByRole("button", { name: "Apply all" }).click();
  await panel.getByRole("button", { name: "Show both sides" }).click();
  await shoot(page, "changes-conflict");
  await page.getByRole("button", { name: "Leave these out and take the rest" }).click();
  await panel.getByText("Applied: notes.md.").waitFor();
  await shoot(page, "changes-applied");
  await panel.getByRole("button", { name: "Review history" }).click();
  await page.getByRole("dialog").getByRole("listitem").first().waitFor();
  await shoot(page, "changes-done");
  await page.goto(`${on.server.url}/s/${session.id}`);
  await message(page).waitFor();
  await shoot(page, "worktree-session");
  await page.getByRole("button", { name: /^Where it works/ }).click();
  await page.getByRole("radio", { name: /One turn at a time/ }).waitFor();
  await shoot(page, "workspace");
  await page.getByRole("button", { name: "Delete the session" }).click();
  await page.getByRole("list", { name: "Risks" }).waitFor();
  await shoot(page, "risks");
  await page.goto(`${on.server.url}/worktrees`);
  await page.getByRole("button", { name: /^Settings of/ }).click();
  await shoot(page, "worktrees");
  await page.goto(`${on.server.url}/new?workspace=${session.workspaceId}`);
  await page.getByText("Works in the same place as").waitFor();
  await shoot(page, "new-beside");
}

/** High enough for every case, in px: what a window cuts off is on no picture. */
const GALLERY_HEIGHT = 1_400;

/** Every case of the gallery as a picture of its own. */
async function shootGallery(page: Page): Promise<void> {
  await using gallery = await serveGallery();
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize({ ...viewport, height: GALLERY_HEIGHT });
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const cases = await openGallery(gallery, page);
      for (const one of await cases.all()) {
        const name = await one.getAttribute("aria-labelledby");
        await one.scrollIntoViewIfNeeded();
        await one.screenshot({ path: join(FOLDER, `gallery-${name}-${size}-${colorScheme}.png`) });
        count += 1;
      }
    }
  }
  await page.setViewportSize(SIZES.desktop);
}

async function shootAll(): Promise<void> {
  await using on = await stage("screenshots");
  const page = await on.open();
  await page.getByRole("heading", { name: "Welcome to Holdfast" }).waitFor();
  await shoot(page, "welcome");
  await work(on, page);
  await shootGallery(await (await on.context()).newPage());
  for (const place of ["settings", "agents", "archive"]) {
    await page.goto(`${on.server.url}/${place}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await shoot(page, place);
  }
  await page.goto(on.server.url);
  await on.server.kill();
  await page.getByText("No connection to the server").waitFor();
  await shoot(page, "offline");
  const stranger = await (await on.context()).newPage();
  await on.restart();
  await stranger.goto(on.server.url);
  await stranger.getByText("This browser has no access yet.").waitFor();
  await shoot(stranger, "door");
}

await buildPage({ isForced: false });
await mkdir(FOLDER, { recursive: true });
const part = ["sharing", "native"].find((name) => process.argv.includes(name));
if (part === undefined) {
  await shootAll();
  await shootChanges();
}
if (part !== "native") await shootSharing(shoot);
if (part !== "sharing") await shootNative(shoot);
await closeBrowser();
process.stdout.write(`${count} pictures in tmp/screenshots\n`);
