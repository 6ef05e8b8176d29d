import { afterAll, describe, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { amount, isWhole } from "../harness/sample.ts";
import { openWire } from "../harness/wire.ts";
import { closeBrowser, sharedStage, type Stage, stage } from "./browser.ts";
import { log, message, said, say, slowWords } from "./words.ts";

afterAll(closeBrowser);

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** A session of the rehearsal agent, made over the API. */
const sessionOf = (on: Stage, approvalMode: "ask" | "all" = "all") =>
  on.server.client.createSession({ directory: on.project, agent: "rehearsal", approvalMode });

describe("the page", () => {
  test("[I-15, I-17] from the first run to the first answer", async () => {
    await using on = await stage("first-run");
    const page = await on.open();
    await page.getByRole("heading", { name: "Welcome to Holdfast" }).waitFor();
    expect(page.url()).toBe(`${on.server.url}/`);
    await page.getByLabel("Directory").fill(on.server.project);
    await page.getByRole("button", { name: "Start the session" }).click();
    await say(page, "SAY **hello** from the rehearsal");
    await log(page).getByText("hello from the rehearsal").waitFor();
    expect(await log(page).locator("strong").textContent()).toBe("hello");
    await page.getByRole("navigation", { name: "Sessions" }).getByText("rehearsal").first().waitFor();
    expect(on.complaints).toEqual([]);
  });

  test("[I-6] without a code there is no way in, and a used code says so", async () => {
    await using on = await sharedStage();
    const page = await (await on.context()).newPage();
    await page.goto(on.server.url);
    await page.getByText("This browser has no access yet.").waitFor();
    const { code } = await on.server.client.createAccessCode();
    await on.server.client.exchangeCode(code);
    await page.goto(`${on.server.url}/#code=${code}`);
    await page.reload();
    await page.goto("about:blank");
    await page.goto(`${on.server.url}/#code=${code}`);
    await page.getByText("The link was used already").waitFor();
    expect(page.url()).not.toContain("code=");
  });

  test.runIf(isWhole)(
    "[I-15] a permission of a session that is not open is answered from the inbox",
    async () => {
      await using on = await sharedStage();
      const session = await sessionOf(on, "ask");
      const page = await on.open();
      const { turn } = await on.server.client.admitInput(session.id, {
        parts: [{ type: "text", text: "ASK may I\nSAY thank you" }],
      });
      await page.getByRole("link", { name: "Inbox, 1 waiting" }).click();
      await page.getByRole("button", { name: "Allow once" }).click();
      await page.getByText("Nothing waits for you").waitFor();
      await until(
        "the end of the turn",
        async () => (await on.server.client.getTurn(turn.id)).state === "completed",
      );
      expect(on.complaints).toEqual([]);
    },
  );

  test("[I-15, A-19] a permission answered in two windows at once is answered once", async () => {
    await using on = await sharedStage();
    const session = await sessionOf(on, "ask");
    const pages = [await on.open(`/s/${session.id}`), await on.open(`/s/${session.id}`)] as const;
    await say(pages[0], "ASK may I\nSAY the end");
    const allow = pages.map((page) => page.getByRole("button", { name: "Allow once" }));
    await Promise.all(allow.map((button) => button.waitFor()));
    await until("both buttons take answers", async () =>
      (await Promise.all(allow.map((button) => button.isEnabled()))).every(Boolean),
    );
    await Promise.all(allow.map((button) => button.click({ timeout: 5_000 }).catch(() => undefined)));
    for (const page of pages) await said(page).getByText("the end").waitFor();
    const { items } = await on.server.client.listPermissions({ sessionId: session.id });
    expect(items.map(({ state }) => state)).toEqual(["replied"]);
    expect(on.complaints).toEqual([]);
  });

  test.runIf(isWhole)("[I-15] a draft survives a reload, and is gone once it is sent", async () => {
    await using on = await sharedStage();
    const session = await sessionOf(on);
    const page = await on.open(`/s/${session.id}`);
    await message(page).fill("SAY kept across a reload");
    await page.reload();
    await until("the draft", async () => (await message(page).inputValue()) === "SAY kept across a reload");
    await message(page).press("Enter");
    await log(page).getByText("kept across a reload", { exact: true }).waitFor();
    await page.reload();
    await log(page).getByText("kept across a reload", { exact: true }).waitFor();
    expect(await message(page).inputValue()).toBe("");
    const { items } = await on.server.client.listTurns(session.id);
    expect(items).toHaveLength(1);
  });

  test.runIf(isWhole)(
    "[I-15, D-5] a second message is sent while the first is under way: two keys, and the order is kept",
    async () => {
      await using on = await sharedStage();
      const session = await sessionOf(on);
      const page = await on.open(`/s/${session.id}`);
      const keys: (string | undefined)[] = [];
      const held = Promise.withResolvers<void>();
      await page.route("**/inputs", async (route) => {
        keys.push(route.request().headers()["idempotency-key"]);
        if (keys.length === 1) await held.promise;
        await route.continue();
      });
      for (const text of ["SAY one", "SAY two"]) {
        await message(page).fill(text);
        await message(page).press("Enter");
        expect(await message(page).inputValue()).toBe("");
      }
      const sending = page.getByRole("region", { name: "Being sent" });
      await sending.getByText("SAY two").waitFor();
      expect(await sending.getByRole("listitem").allTextContents()).toEqual([
        "SAY oneSending",
        "SAY twoNext",
      ]);
      held.resolve();
      await said(page).getByText("two", { exact: true }).waitFor();
      await sending.waitFor({ state: "detached" });
      const { items } = await on.server.client.listMessages(session.id);
      const asked = items.filter(({ info }) => info.role === "user").flatMap(({ parts }) => parts);
      expect(asked.map((part) => part.type === "text" && part.text)).toEqual(["SAY one", "SAY two"]);
      expect(new Set(keys).size).toBe(2);
      expect(on.complaints).toEqual([]);
    },
  );

  test("[I-15, D-5] the answer to a message gets lost and the page is loaded again: it was taken once", async () => {
    await using on = await sharedStage();
    const session = await sessionOf(on);
    const page = await on.open(`/s/${session.id}`);
    const taken = Promise.withResolvers<void>();
    await page.route("**/inputs", async (route) => {
      await route.fetch();
      taken.resolve();
      await new Promise(() => undefined);
    });
    await message(page).fill("SAY once");
    await message(page).press("Enter");
    await taken.promise;
    await page.unrouteAll({ behavior: "ignoreErrors" });
    const [again] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith("/inputs")),
      page.reload(),
    ]);
    expect(again.headers()["idempotency-replayed"]).toBe("true");
    await said(page).getByText("once", { exact: true }).waitFor();
    await until(
      "an empty outbox",
      async () =>
        (await page.getByRole("region", { name: "Composer" }).getAttribute("aria-busy")) === "false",
    );
    expect((await on.server.client.listTurns(session.id)).items).toHaveLength(1);
    await page.reload();
    await said(page).getByText("once", { exact: true }).waitFor();
    expect((await on.server.client.listTurns(session.id)).items).toHaveLength(1);
  });

  test.runIf(isWhole)(
    "[I-15, I-3] a message that is refused comes back to the composer with the reason",
    async () => {
      await using on = await sharedStage();
      const session = await sessionOf(on);
      const page = await on.open(`/s/${session.id}`);
      await message(page).waitFor();
      await page.route("**/inputs", (route) =>
        route.fulfill({
          status: 409,
          contentType: "application/problem+json",
          body: JSON.stringify({
            type: "about:blank",
            title: "Conflict",
            status: 409,
            code: "CONFLICT",
            detail: "Not now.",
            requestId: "r",
          }),
        }),
      );
      await message(page).fill("SAY again");
      await message(page).press("Enter");
      await page.getByRole("alert").getByText("Not now.").waitFor();
      expect(await message(page).inputValue()).toBe("SAY again");
      await page.unrouteAll();
      await message(page).press("Enter");
      await said(page).getByText("again", { exact: true }).waitFor();
    },
  );

  test("[I-15, D-6] queue, edit, reorder, remove, steer, stop", async () => {
    await using on = await sharedStage();
    const session = await sessionOf(on);
    const page = await on.open(`/s/${session.id}`);
    await say(page, "SLOW 100000 20");
    await page.getByRole("button", { name: "Stop" }).waitFor();
    const queue = page.getByRole("region", { name: "Queue" });
    for (const text of ["SAY one", "SAY two"]) {
      await say(page, text);
      await queue.getByText(text).waitFor();
    }
    await message(page).fill("SAY turned");
    await page.getByRole("button", { name: "Steer" }).click();
    await log(page).getByText("Went into the turn that was running").waitFor();
    await say(page, "SAY three");
    await queue.getByText("SAY three").waitFor();
    const row = (text: string) => queue.getByRole("listitem").filter({ hasText: text });
    await row("SAY two").getByRole("button", { name: "Edit" }).click();
    await queue.getByRole("textbox", { name: "Queued message" }).fill("SAY two, edited");
    await queue.getByRole("button", { name: "Save" }).click();
    await row("SAY three").getByRole("button", { name: "Move up" }).click();
    await until(
      "the new order",
      async () =>
        (await queue.getByRole("listitem").allTextContents()).join("|") ===
        "SAY one|SAY three|SAY two, edited",
    );
    await row("SAY one").getByRole("button", { name: "Remove" }).click();
    await row("SAY one").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Stop" }).click();
    await log(page).getByText("Stopped by you").waitFor();
    await queue.getByText("Paused").waitFor();
    const sessions = page.getByRole("navigation", { name: "Sessions" });
    await sessions.getByText("The queue is paused").first().waitFor();
    // Whoever is elsewhere is told as well, and lets it go on from there.
    await page.getByRole("link", { name: "Inbox, 1 waiting" }).click();
    await page.getByText("2 messages wait in it").waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByText("Nothing waits for you").waitFor();
    await page.goBack();
    await log(page).getByText("two, edited", { exact: true }).waitFor();
    const { items } = await on.server.client.listInputs(session.id, { state: "delivered" });
    const delivered = items.toSorted((a, b) => (a.time.delivered ?? 0) - (b.time.delivered ?? 0));
    expect(delivered.map(({ parts }) => (parts[0]?.type === "text" ? parts[0].text : ""))).toEqual([
      "SLOW 100000 20",
      "SAY turned",
      "SAY three",
      "SAY two, edited",
    ]);
    expect(on.complaints).toEqual([]);
  });

  test("[I-16, D-22] the server is killed in mid-stream and comes back: the page goes on by itself and shows what the API has", async () => {
    await using on = await stage("kill");
    const session = await sessionOf(on);
    const page = await on.open(`/s/${session.id}`);
    await say(page, "SLOW 100000 20");
    await until("a part of the stream", async () => (await slowWords(page)).length > 30);
    await on.server.kill();
    await page.getByText("No connection to the server").waitFor();
    await on.restart();
    await log(page).getByText("Interrupted").waitFor();
    await page.getByText("No connection to the server").waitFor({ state: "detached" });
    const kept = await slowWords(page);
    expect(kept).toEqual(upTo(kept.length));
    const { items } = await on.server.client.listMessages(session.id);
    const stored = items
      .flatMap(({ parts }) => parts)
      .find((part) => part.type === "text" && part.text.includes("w1 "));
    expect(stored?.type === "text" && [...stored.text.matchAll(/\bw\d+\b/g)]).toHaveLength(kept.length);
    await page.getByRole("button", { name: "Go on" }).click();
    await until(
      "the next turn",
      async () => (await on.server.client.listTurns(session.id)).items.length === 2,
    );
    await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
    expect(on.complaints).toEqual([]);
  });

  test.runIf(isWhole)(
    "[I-16] offline for long, then on from where it was, with nothing lost or doubled",
    async () => {
      await using wire = await openWire();
      await using on = await stage("offline", { HOLDFAST_ALLOWED_HOSTS: `127.0.0.1:${wire.port}` });
      wire.leadTo(on.server.url);
      const session = await sessionOf(on);
      const page = await on.open(`/s/${session.id}`, { url: `http://127.0.0.1:${wire.port}` });
      await say(page, "SLOW 300 20");
      await until("a part of the stream", async () => (await slowWords(page)).length > 20);
      wire.cut();
      await page.getByText("No connection to the server").waitFor();
      await new Promise((resume) => setTimeout(resume, amount(10_000, 60_000)));
      wire.mend();
      await until("all words", async () => (await slowWords(page)).length === 300);
      expect(await slowWords(page)).toEqual(upTo(300));
      await page.getByText("No connection to the server").waitFor({ state: "detached" });
      expect(on.complaints).toEqual([]);
    },
  );

  test.runIf(isWhole)("[I-16] a page that was frozen, as by sleep, goes on when it wakes", async () => {
    await using on = await sharedStage();
    const session = await sessionOf(on);
    const context = await on.context();
    const page = await on.open(`/s/${session.id}`, { context });
    await say(page, "SLOW 200 10");
    await until("a part of the stream", async () => (await slowWords(page)).length > 20);
    const devtools = await context.newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    const [turn] = (await on.server.client.listTurns(session.id)).items;
    await until("the end of the turn", async () =>
      turn === undefined ? false : (await on.server.client.getTurn(turn.id)).state === "completed",
    );
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await until("all words", async () => (await slowWords(page)).length === 200);
    expect(await slowWords(page)).toEqual(upTo(200));
    expect(on.complaints).toEqual([]);
  });

  test.runIf(isWhole)("[I-14, I-16] the same session in two windows shows the same", async () => {
    await using on = await sharedStage();
    const session = await sessionOf(on);
    const pages = [await on.open(`/s/${session.id}`), await on.open(`/s/${session.id}`)] as const;
    await say(pages[0], "THINK first\nOUTPUT 3000\nSLOW 50 10\nSAY the end");
    for (const page of pages) await said(page).getByText("the end").waitFor();
    await until("the same text", async () => {
      const [one, other] = await Promise.all(pages.map((page) => log(page).textContent()));
      return one === other;
    });
    expect(on.complaints).toEqual([]);
  });

  test("[I-16] the keyboard alone: palette, a new session, a message, help", async () => {
    await using on = await stage("keyboard");
    const page = await on.open();
    await page.getByRole("heading", { name: "Welcome to Holdfast" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await page.keyboard.type("new ses");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByLabel("Directory").focus();
    await page.keyboard.type(on.server.project);
    await page.keyboard.press("Enter");
    await message(page).waitFor();
    await page.locator('textarea[aria-label="Message"]:focus').waitFor();
    await page.keyboard.type("SAY typed");
    await page.keyboard.press("Enter");
    await log(page).getByText("typed", { exact: true }).waitFor();
    expect(on.complaints).toEqual([]);
  });

  test("[I-16] on a phone nothing is cut off, and the drawer opens and closes", async () => {
    await using on = await stage("phone");
    const session = await sessionOf(on);
    const context = await on.context({
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    const page = await on.open(`/s/${session.id}`, { context });
    await say(page, "SLOW 100000 20");
    await page.getByRole("button", { name: "Stop" }).waitFor();
    // By keys, as a person does: what grows because of them is no shift.
    await message(page).pressSequentially(`SAY ${"a long word ".repeat(20)}`);
    await message(page).press("Enter");
    await page.getByRole("region", { name: "Queue" }).waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    const composer = await page.getByRole("region", { name: "Composer" }).boundingBox();
    expect((composer?.x ?? 0) + (composer?.width ?? 999)).toBeLessThanOrEqual(390);
    const stop = await page.getByRole("button", { name: "Stop" }).boundingBox();
    expect((stop?.x ?? 0) + (stop?.width ?? 999)).toBeLessThanOrEqual(390);
    expect(stop?.height).toBeGreaterThanOrEqual(44);
    const other = await sessionOf(on);
    const beside = await on.open(`/s/${other.id}`, { context });
    const tabs = beside.getByRole("navigation", { name: "Open sessions" }).getByRole("link");
    await until("both tabs", async () => (await tabs.count()) === 2);
    const tab = await tabs.and(beside.locator('[aria-current="page"]')).boundingBox();
    expect((tab?.x ?? 0) + (tab?.width ?? 999), "the tab that is open is seen").toBeLessThanOrEqual(390);
    await beside.close();
    await page.getByRole("button", { name: "Sessions" }).tap();
    await page.getByRole("link", { name: /Settings/ }).tap();
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    expect(on.complaints).toEqual([]);
  });
});
