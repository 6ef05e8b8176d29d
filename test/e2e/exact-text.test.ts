import type { Permission } from "@holdfast/protocol";
import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { closeBrowser, type Stage, stage } from "./browser.ts";
import { gitStage, runTurn, sessionOf } from "./git-stage.ts";

afterAll(closeBrowser);

/** What would not be seen, or would move what is around it; in no name, text, tooltip or title of what is decided by. */
const HIDING = String.raw`[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]--[ \n\t]]`;

/** Every text and every name on the page that hides something, but what people wrote themselves. */
const hidden = (page: Page) =>
  page.evaluate<string[]>(`(() => {
    const hiding = new RegExp(${JSON.stringify(HIDING)}, "v");
    const texts = [document.title];
    for (const one of document.querySelectorAll("body *")) {
      if (one.closest("article[aria-label=You], script, style") !== null) continue;
      for (const child of one.childNodes) if (child.nodeType === 3) texts.push(child.data);
      for (const name of ["aria-label", "title", "aria-valuetext"]) texts.push(one.getAttribute(name) ?? "");
    }
    return texts.filter((text) => hiding.test(text.replaceAll(/\\p{RGI_Emoji}/gv, "")));
  })()`);

const asks = (page: Page) => page.getByRole("group", { name: "What it would do" });

async function ask(on: Stage, text: string, title: string) {
  const session = await on.server.client.createSession({
    directory: on.server.project,
    agent: "rehearsal",
    title,
  });
  await on.server.client.admitInput(session.id, { parts: [{ type: "text", text }] });
  const request = await until("the request", async () => {
    const { items } = await on.server.client.listPermissions({ state: "pending", sessionId: session.id });
    return items[0];
  });
  return { session, request };
}

const refuse = (on: Stage, { id }: Permission) => on.server.client.replyPermission(id, { reply: "reject" });

test("[I-23] the card, the inbox, the timeline and the rules show the command that runs", async () => {
  await using on = await stage("exact");
  const hostile = `echo \u202e/* \u2066; touch x; r\u200bm\u{e0061} \u3164\u2028\u00ad\ufe0f${" ".repeat(500)}; touch y`;
  const marked =
    "echo <U+202E>/* <U+2066>; touch x; r<U+200B>m<U+E0061> <U+3164><U+2028><U+00AD><U+FE0F><U+0020 x500>; touch y";
  const { session, request } = await ask(
    on,
    `BASH ${hostile}`,
    "Tidy\u202e up \u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  );
  const page = await on.open(`/s/${session.id}`);
  await asks(page).getByText(marked, { exact: true }).waitFor();
  await page
    .getByRole("heading", { name: /^echo <U\+202E>.* more characters: show all.*; touch y$/ })
    .waitFor();
  await until("the title of the window", async () => (await page.title()).startsWith("(1) Tidy<U+202E> up"));
  await page.goto(`${on.server.url}/s/${session.id}/timeline`);
  await page.getByText("The agent waited for an answer.").waitFor();
  await page.getByRole("main").getByText(marked, { exact: true }).first().waitFor();
  expect(await hidden(page)).toEqual([]);

  await page.goto(`${on.server.url}/inbox`);
  await page.getByRole("button", { name: "Always allow" }).click();
  await asks(page).waitFor({ state: "detached" });
  await page.goto(`${on.server.url}/settings`);
  const pattern = marked.replaceAll("*", String.raw`\*`);
  await page.getByRole("button", { name: `Revoke ${pattern}` }).waitFor();
  await page.getByRole("code").getByText(pattern, { exact: true }).waitFor();
  expect(
    (await on.server.client.listPermissions()).items.find(({ id }) => id === request.id)?.args,
  ).toMatchObject({
    command: hostile,
  });
  expect(on.complaints).toEqual([]);
});

test.runIf(isWhole)(
  "[I-23] a long command shows its end and how much is left out, and all of it on a press; nothing turns round",
  async () => {
    await using on = await stage("exact-long");
    const command = `echo ${"a".repeat(30_000)}\u202e${"b".repeat(2_000)}; touch x`;
    const long = await ask(on, `BASH ${command}`, "Long");
    const page = await on.open(`/s/${long.session.id}`);
    await asks(page).getByText("b; touch x").waitFor();
    await asks(page)
      .getByRole("button", { name: /^3\d,\d{3} more characters: show all$/ })
      .click();
    await asks(page)
      .getByText(`a<U+202E>${"b".repeat(2_000)}; touch x`)
      .waitFor();
    expect(await asks(page).textContent()).toContain(command.replace("\u202e", "<U+202E>"));
    await refuse(on, long.request);

    const turned = await ask(on, "BASH chmod \u05d0\u05d1 777 \u05d2 && x", "Turned");
    await page.goto(`${on.server.url}/s/${turned.session.id}`);
    await asks(page).getByText("chmod").waitFor();
    // Each sign stands right of the one before it, whatever letters are among them.
    const places = await page.evaluate<{ text: string; left: number }[]>(`(() => {
    const places = [];
    const walk = document.createTreeWalker(document.querySelector('[aria-label="What it would do"]'), NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node !== null; node = walk.nextNode())
      for (const found of node.data.matchAll(/chmod|7|\u05d2|&&/g)) {
        const range = document.createRange();
        range.setStart(node, found.index);
        range.setEnd(node, found.index + found[0].length);
        places.push({ text: found[0], left: range.getBoundingClientRect().left });
      }
    return places;
  })()`);
    expect(places.slice(0, 6).map(({ text }) => text)).toEqual(["chmod", "7", "7", "7", "\u05d2", "&&"]);
    expect(places.slice(0, 6).toSorted((a, b) => a.left - b.left)).toEqual(places.slice(0, 6));
    await refuse(on, turned.request);

    const words = await ask(on, "ASK Ye\u200ds \u202eno \u2764\ufe0f", "Wo\u202erds");
    await page.goto(`${on.server.url}/s/${words.session.id}`);
    await page.getByRole("heading", { name: "Ye<U+200D>s <U+202E>no \u2764\ufe0f" }).waitFor();
    await page
      .getByText(`Always allow covers every call of ${words.request.tool}, whatever it is given.`)
      .waitFor();

    // A stop pauses what is queued behind it, and the inbox tells of it.
    await on.server.client.admitInput(words.session.id, { parts: [{ type: "text", text: "Later." }] });
    await on.server.client.cancelTurn(words.request.turnId);
    await page.goto(`${on.server.url}/inbox`);
    await page
      .getByRole("status")
      .filter({ hasText: "is paused" })
      .getByRole("link", { name: "Wo<U+202E>rds" })
      .waitFor();
    expect(await hidden(page)).toEqual([]);
    await page.goto(`${on.server.url}/agents`);
    await page.getByRole("link", { name: "Wo<U+202E>rds", exact: true }).waitFor();
    expect(await hidden(page)).toEqual([]);
    expect(on.complaints).toEqual([]);
  },
);

test("[I-23, W-6] paths and lines of the review", async () => {
  await using on = await gitStage("exact-review", { "src/a.ts": "export const a = 1;\n" });
  const session = await sessionOf(on, { worktree: true, title: "Review" });
  await runTurn(
    on,
    session.id,
    "WRITE src/ok\u202est.exe.ts if (isAdmin) { // \u2066\u202e\nWRITE \u200bsrc/a.ts export const a = 2;",
  );
  const page = await on.open(`/s/${session.id}/changes`);
  const panel = page.getByRole("region", { name: "Changes" });
  await panel.getByRole("checkbox", { name: "Choose src/ok<U+202E>st.exe.ts" }).waitFor();
  await panel.getByRole("checkbox", { name: "Choose <U+200B>src/a.ts" }).waitFor();
  await panel.getByText("if (isAdmin) { // <U+2066><U+202E>", { exact: true }).waitFor();
  await panel.getByRole("button", { name: "Apply all" }).click();
  await panel.getByText(/^Applied: .*<U\+202E>st\.exe\.ts/).waitFor();
  await panel.getByRole("button", { name: "Review history" }).click();
  await page.getByRole("dialog").getByText("<U+202E>st.exe.ts").waitFor();
  expect(await hidden(page)).toEqual([]);
  expect(on.complaints).toEqual([]);
});
