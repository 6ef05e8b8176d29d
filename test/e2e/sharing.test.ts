import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { closeBrowser, stage } from "./browser.ts";
import { seriousOf } from "./serious.ts";
import { said, say } from "./words.ts";

afterAll(closeBrowser);

test("[S-14, S-28, S-15] a colleague is let in, says what is to be done, is seen as who asked, and is out at once when the link is taken back", async () => {
  await using on = await stage("let-in");
  const session = await on.server.client.createSession({
    directory: on.server.project,
    agent: "rehearsal",
    title: "Mend the parser",
    approvalMode: "ask",
  });
  const page = await on.open(`/s/${session.id}`);
  await say(page, "SAY said by the owner");
  await said(page).getByText("said by the owner").waitFor();

  await page.getByRole("button", { name: "Share", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Nobody else sees this session.").waitFor();
  expect(await seriousOf(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Let somebody in" }).click();
  await dialog.getByRole("textbox", { name: "For whom" }).fill("Ada");
  await dialog.getByRole("checkbox", { name: "Comment" }).check();
  await dialog.getByRole("checkbox", { name: "Answer what agents ask" }).check();
  await dialog.getByRole("textbox", { name: "Only for these tools" }).waitFor();
  await dialog.getByRole("checkbox", { name: "Say what is to be done" }).check();
  await dialog.getByText("can do anything you can, also in your other sessions").waitFor();
  expect(await seriousOf(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Make the link" }).click();
  const link = (await dialog.getByText(/\/l#hfs_/).textContent()) ?? "";
  await dialog.getByText("works on this machine alone").waitFor();
  await dialog.getByRole("button", { name: "Code for a phone" }).click();
  await dialog.getByRole("img", { name: "The link as a code for a phone" }).waitFor();
  expect(await seriousOf(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Back to what is shared" }).click();
  await dialog.getByRole("listitem", { name: "Link Ada" }).waitFor();
  await page.keyboard.press("Escape");

  const guest = await (await on.context()).newPage();
  await guest.goto(link);
  await said(guest).getByText("said by the owner").waitFor();
  expect(guest.url()).toBe(`${on.server.url}/l`);
  expect(await guest.evaluate("localStorage.getItem('holdfast.token')")).toBeNull();
  await guest.getByRole("button", { name: "Comment" }).first().click();
  await guest.getByRole("textbox", { name: "Comment" }).fill("Looks right");
  await guest.getByRole("button", { name: "Say it" }).click();
  await page.getByRole("article", { name: "Comment of Ada" }).getByText("Looks right").waitFor();
  await guest.getByRole("textbox", { name: "Message" }).fill("SAY said for the colleague");
  await guest.getByRole("button", { name: "Send" }).click();
  await said(page).getByText("said for the colleague").waitFor();
  await page.getByRole("article", { name: "Asked" }).getByText("Ada").waitFor();
  await said(guest).getByText("said for the colleague").waitFor();
  await say(page, "ASK May I?");
  await guest.getByRole("button", { name: "Allow once" }).waitFor();
  // A no of a colleague is without a word, and the page offers no place for one (S-14).
  expect(await guest.getByRole("textbox", { name: "What to do instead" }).count()).toBe(0);
  await page.getByRole("textbox", { name: "What to do instead" }).waitFor();
  await guest.getByRole("button", { name: "Allow once" }).click();
  await until("the answer of the colleague", async () => {
    const { items } = await on.server.client.listPermissions({ sessionId: session.id });
    return items[0]?.actor?.kind === "ref" && items[0].actor.label === "Ada";
  });
  expect(await seriousOf(guest)).toEqual([]);

  await page.goto(`${on.server.url}/shares`);
  const row = page.getByRole("listitem", { name: "Link Ada" });
  await row.getByRole("button", { name: "What was done with it" }).click();
  await row.getByText("answered what an agent asked").waitFor();
  await row.getByRole("button", { name: "Take back" }).click();
  expect(await seriousOf(page)).toEqual([]);
  await row.getByRole("button", { name: "Take it back" }).click();
  await guest.getByText("This link does not work").waitFor();
  expect(await guest.getByText("said by the owner").count()).toBe(0);
  await row.getByText("taken back").waitFor();
  expect(on.complaints).toEqual([]);
});

test("[S-17, S-11, S-2] a session is shared after its preview, watched without a login, and gone when it is taken back", async () => {
  await using on = await stage("share-copy", { HOLDFAST_SHARE_PORT: "0" });
  const session = await on.server.client.createSession({
    directory: on.server.project,
    agent: "rehearsal",
    title: "Mend the parser",
  });
  const page = await on.open(`/s/${session.id}`);
  await say(page, "SAY the token is ghp_0123456789abcdefghijklmnopqrstuvwxyzAB and that is it");
  await said(page).getByText("and that is it").waitFor();
  await page.getByRole("button", { name: "Share", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Share a copy" }).click();
  await dialog.getByRole("heading", { name: /masked/ }).waitFor();
  expect(await seriousOf(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Share it" }).click();
  const link = (await dialog.getByText(/\/s\/hfs_/).textContent()) ?? "";
  await dialog.getByRole("button", { name: "Back to what is shared" }).click();
  const row = dialog.getByRole("listitem", { name: "Share of Mend the parser" });
  await row.getByText("Readers see all of it.").waitFor();

  await until("the shared page", async () => (await fetch(link)).status === 200);
  const stranger = await (await on.context()).newPage();
  await stranger.goto(link);
  await stranger.getByText("and that is it").first().waitFor();
  expect(await stranger.getByText("ghp_0123").count()).toBe(0);
  await stranger.locator(".h-dvh").waitFor();
  await page.keyboard.press("Escape");
  await say(page, "SAY said while somebody looks on");
  await stranger.getByText("said while somebody looks on").last().waitFor();

  // A further link, which may comment, and is taken back alone.
  await page.getByRole("button", { name: "Share", exact: true }).click();
  await row.getByRole("button", { name: "Links" }).click();
  await row.getByRole("button", { name: "Another link" }).click();
  await row.getByRole("textbox", { name: "For whom" }).fill("Ada");
  await row.getByRole("checkbox", { name: "Comment" }).check();
  expect(await row.getByRole("checkbox", { name: "Say what is to be done" }).count()).toBe(0);
  expect(await seriousOf(page)).toEqual([]);
  await row.getByRole("button", { name: "Make the link" }).click();
  const further = (await row.getByText(/\/l#hfs_/).textContent()) ?? "";
  const colleague = await (await on.context()).newPage();
  await untilOpen(colleague, further);
  await colleague.getByRole("button", { name: "Comment" }).first().click();
  await colleague.getByRole("textbox", { name: "Comment" }).fill("Looks right");
  await colleague.getByRole("button", { name: "Say it" }).click();
  await stranger.getByRole("article", { name: "Comment of Ada" }).getByText("Looks right").waitFor();
  await row.getByRole("button", { name: "Done", exact: true }).click();
  const given = row.getByRole("listitem", { name: "Link Ada" });
  await given.getByRole("button", { name: "Take back" }).click();
  await given.getByRole("button", { name: "Take it back" }).click();
  await colleague.getByText("This link does not work").waitFor();
  await given.getByText("taken back").waitFor();
  expect(await stranger.getByText("said while somebody looks on").count()).toBeGreaterThan(0);
  await row.getByRole("button", { name: "Who looked" }).click();
  await row.getByRole("list", { name: "Who looked" }).getByText(/^read/).first().waitFor();
  expect(await seriousOf(page)).toEqual([]);

  await row.getByRole("button", { name: "Take back" }).click();
  await row.getByRole("button", { name: "Take it back" }).click();
  await stranger.getByText("This link does not work").waitFor();
  await row.getByText("taken back").last().waitFor();
  expect(on.complaints).toEqual([]);
});

test("[S-32, S-35] a share that outlived its session is on the list of its service, and is taken back from the page", async () => {
  await using on = await stage("share-outlives", { HOLDFAST_SHARE_PORT: "0" });
  const { client, project: directory } = on.server;
  const { id } = await client.createSession({ directory, agent: "rehearsal", title: "Mend the parser" });
  const { previewId } = await client.previewShare(id);
  const { share, link } = await client.createShare(id, { previewId });
  await until("the shared page", async () => (await fetch(link.url)).status === 200);
  const stranger = await (await on.context()).newPage();
  await stranger.goto(link.url);
  await stranger.getByText("shared, read only").waitFor();
  await until("its deletion", async () => {
    await client.deleteSession(id, { keepShares: true });
    return true;
  });

  const page = await on.open("/shares");
  const row = page.getByRole("listitem", { name: "Share of Mend the parser" });
  await row.getByText("kept", { exact: true }).waitFor();
  expect(await seriousOf(page)).toEqual([]);
  const opening = page.waitForEvent("popup");
  await page.getByRole("button", { name: "Open the service’s list" }).click();
  const list = await opening;
  await list.getByText(share.id).waitFor();
  expect(await list.evaluate("window.opener")).toBeNull();
  expect(await seriousOf(list)).toEqual([]);

  await row.getByRole("button", { name: "Take back" }).click();
  await row.getByRole("button", { name: "Take it back" }).click();
  await stranger.getByText("This link does not work").waitFor();
  await row.getByText("taken back").waitFor();
  expect(on.complaints).toEqual([]);
});

/** The service hears of a link in a moment. */
async function untilOpen(page: Page, link: string): Promise<void> {
  await until("the link", async () => {
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByRole("log").or(page.getByText("This link does not work")).first().waitFor();
    return (await page.getByRole("log").count()) > 0;
  });
}
