import { afterAll, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { closeBrowser, stage } from "./browser.ts";
import { said, say } from "./words.ts";

afterAll(closeBrowser);

test("[S-14, S-28, S-15] a colleague is let in, says what is to be done, is seen as who asked, and is out at once when the link is taken back", async () => {
  await using on = await stage("let-in");
  const session = await on.server.client.createSession({
    directory: on.server.project,
    agent: "rehearsal",
    title: "Mend the parser",
  });
  const page = await on.open(`/s/${session.id}`);
  await say(page, "SAY said by the owner");
  await said(page).getByText("said by the owner").waitFor();

  await page.getByRole("button", { name: "Share", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Nobody else sees this session.").waitFor();
  await dialog.getByRole("button", { name: "Let somebody in" }).click();
  await dialog.getByRole("textbox", { name: "For whom" }).fill("Ada");
  await dialog.getByRole("checkbox", { name: "Comment" }).check();
  await dialog.getByRole("checkbox", { name: "Say what is to be done" }).check();
  await dialog.getByText("can do anything you can, also in your other sessions").waitFor();
  await dialog.getByRole("button", { name: "Make the link" }).click();
  const link = (await dialog.getByText(/\/l#hfs_/).textContent()) ?? "";
  await dialog.getByText("works on this machine alone").waitFor();
  await dialog.getByRole("button", { name: "Code for a phone" }).click();
  await dialog.getByRole("img", { name: "The link as a code for a phone" }).waitFor();
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

  const { items } = await on.server.client.listRefs({});
  await on.server.client.revokeRef(items[0]?.id ?? "");
  await guest.getByText("This link does not work").waitFor();
  expect(await guest.getByText("said by the owner").count()).toBe(0);
  await page.goto(`${on.server.url}/shares`);
  await page.getByRole("listitem", { name: "Link Ada" }).getByText("taken back").waitFor();
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

  await page.getByRole("button", { name: "Share", exact: true }).click();
  await row.getByRole("button", { name: "Take back" }).click();
  await row.getByRole("button", { name: "Take it back" }).click();
  await stranger.getByText("This link does not work").waitFor();
  await row.getByText("taken back").waitFor();
  expect(on.complaints).toEqual([]);
});
