/** Pictures of sharing: the dialog with its forms, the list of all shares, the shared page for readers with and without script, and the page of who was let in. */
import type { Page } from "playwright-core";
import { until } from "../harness/index.ts";
import { browser, type Stage } from "./browser.ts";
import { gitStage, runTurn, sessionOf } from "./git-stage.ts";
import { said } from "./words.ts";

type Shoot = (page: Page, name: string) => Promise<void>;

const SECRET = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB";

export async function shootSharing(shoot: Shoot): Promise<void> {
  await using on = await gitStage(
    "shots-sharing",
    { "README.md": "# Parser\n" },
    { HOLDFAST_SHARE_PORT: "0" },
  );
  const { client } = on.server;
  const session = await sessionOf(on, { worktree: true, title: "Mend the parser" });
  await runTurn(
    on,
    session.id,
    `THINK The README says what the parser must do; I read it first.\nREAD README.md\nWRITE parser.ts export const parse = (text: string) => text.split(",");\nBASH printf 'ok 1 - splits\\n\\033[32m1 passed\\033[0m\\n'\nSAY The parser is written. Its test used ${SECRET}, which I took out.`,
  );
  const page = await on.open(`/s/${session.id}`);
  await said(page).getByText("The parser is written").waitFor();
  await page.getByRole("button", { name: "Share", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Nobody else sees this session.").waitFor();
  await shoot(page, "sharing-nothing");
  await dialog.getByRole("button", { name: "Share a copy" }).click();
  await dialog.getByRole("heading", { name: /masked/ }).waitFor();
  await shoot(page, "sharing-preview");
  await dialog.getByRole("button", { name: "Share it" }).click();
  const link = (await dialog.getByText(/\/s\/hfs_/).textContent()) ?? "";
  await dialog.getByRole("button", { name: "Code for a phone" }).click();
  await dialog.getByRole("img", { name: /code for a phone/ }).waitFor();
  await shoot(page, "sharing-link");
  await until("the shared page", async () => (await fetch(link)).status === 200);
  await dialog.getByRole("button", { name: "Back to what is shared" }).click();
  await dialog.getByRole("button", { name: "Let somebody in" }).click();
  await dialog.getByRole("textbox", { name: "For whom" }).fill("Ada, for the review");
  await shoot(page, "sharing-ref");
  await dialog.getByRole("checkbox", { name: "Answer what agents ask" }).check();
  await shoot(page, "sharing-ref-approve");
  await dialog.getByRole("checkbox", { name: "Say what is to be done" }).check();
  await dialog.getByRole("checkbox", { name: "Comment" }).check();
  await shoot(page, "sharing-ref-prompt");
  await dialog.getByRole("button", { name: "Make the link" }).click();
  const into = (await dialog.getByText(/\/l#hfs_/).textContent()) ?? "";
  await dialog.getByRole("button", { name: "Back to what is shared" }).click();
  await shoot(page, "sharing-overview");
  const row = dialog.getByRole("listitem", { name: "Share of Mend the parser" });
  await row.getByText("Readers see all of it.").waitFor();
  await row.getByRole("button", { name: "Links" }).click();
  await row.getByRole("list", { name: "Links of it" }).waitFor();
  await shoot(page, "sharing-links");
  await row.getByRole("button", { name: "Another link" }).click();
  await row.getByRole("checkbox", { name: "Comment" }).check();
  await row.getByRole("textbox", { name: "For whom" }).scrollIntoViewIfNeeded();
  await shoot(page, "sharing-another-link");
  await row.getByRole("button", { name: "Make the link" }).click();
  const further = (await row.getByText(/\/l#hfs_/).textContent()) ?? "";
  await row.getByRole("region", { name: "The further link" }).scrollIntoViewIfNeeded();
  await shoot(page, "sharing-further-link");
  await shootReaders(on, { link, further, into }, shoot);
  await row.getByRole("button", { name: "Who looked" }).click();
  await row.getByRole("list", { name: "Who looked" }).waitFor();
  await shoot(page, "sharing-audit");
  await row.getByRole("button", { name: "Take back" }).click();
  await shoot(page, "sharing-take-back");
  await page.keyboard.press("Escape");
  const { previewId } = await client.previewShare(session.id);
  const { share } = await client.createShare(session.id, { previewId });
  await client.revokeShare(share.id);
  await client.pauseShare((await client.listShares()).items.find(({ state }) => state === "live")?.id ?? "");
  await page.goto(`${on.server.url}/shares`);
  await page.getByText("paused", { exact: true }).waitFor();
  await shoot(page, "shares");
  const opening = page.waitForEvent("popup");
  await page.getByRole("button", { name: "Open the service’s list" }).click();
  const list = await opening;
  await list.getByRole("heading", { name: "Shares of this key" }).waitFor();
  await shoot(list, "shares-of-key");
  await list.goto(new URL("/", list.url()).href);
  await list.getByText("opened with a code").waitFor();
  await shoot(list, "shares-of-key-closed");
}

type Links = { link: string; further: string; into: string };

async function shootReaders(on: Stage, { link, further, into }: Links, shoot: Shoot): Promise<void> {
  const open = async (address: string): Promise<Page> => {
    const page = await (await on.context()).newPage();
    await page.goto(address);
    return page;
  };
  const withoutScript = await (await browser()).newContext({ javaScriptEnabled: false });
  const plain = await withoutScript.newPage();
  await plain.goto(link);
  await plain.getByRole("log").waitFor();
  await shoot(plain, "shared-plain");
  await withoutScript.close();
  const reader = await open(link);
  await reader.locator(".h-dvh").waitFor();
  await shoot(reader, "shared-live");
  const colleague = await open(further);
  await colleague.locator(".h-dvh").waitFor();
  await colleague.getByRole("button", { name: "Comment" }).last().click();
  await colleague.getByRole("textbox", { name: "Comment" }).fill("Looks right to me");
  await shoot(colleague, "shared-commenting");
  await colleague.getByRole("button", { name: "Say it" }).click();
  await colleague.getByRole("article", { name: /^Comment of/ }).waitFor();
  await shoot(colleague, "shared-comment");
  await reader.getByRole("button", { name: /^Changes/ }).click();
  await shoot(reader, "shared-changes");
  const gone = await open(`${new URL(link).origin}/s/unknown`);
  await gone.getByText("This link does not work").waitFor();
  await shoot(gone, "shared-gone");
  const guest = await open(into);
  await guest.getByRole("textbox", { name: "Message" }).waitFor();
  await shoot(guest, "guest");
  await guest.getByRole("textbox", { name: "Message" }).fill("ASK May I?");
  await guest.getByRole("button", { name: "Send" }).click();
  await guest.getByRole("button", { name: "Allow once" }).waitFor();
  await shoot(guest, "guest-asked");
  await guest.getByRole("button", { name: "Allow once" }).click();
}
