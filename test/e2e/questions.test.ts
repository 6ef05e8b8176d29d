import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { closeBrowser, sharedStage, type Stage } from "./browser.ts";
import { said, say } from "./words.ts";

afterAll(closeBrowser);

const FORM =
  "ASKFORM How do we build it? | port!: integer 1..65535 | name: text 2..20 | sure: boolean | colour: one red, green | days: many 1..2 Mon, Tue, Wed";

/** Pictures of the form, to be looked at when somebody changed it. */
const PICTURES = join(import.meta.dirname, "../../tmp/screenshots");

const sessionOf = (on: Stage) =>
  on.server.client.createSession({ directory: on.project, agent: "rehearsal", approvalMode: "all" });

const form = (page: Page) => page.getByRole("form", { name: "How do we build it?" });

const ready = (page: Page) =>
  until("the form to take answers", () => page.getByRole("button", { name: "Answer" }).isEnabled());

async function answersOf(on: Stage, sessionId: string) {
  const { items } = await on.server.client.listQuestions({ sessionId });
  return items.map(({ answer, state }) => answer ?? state);
}

describe("questions on the page", () => {
  test("[I-15, A-19] a form is filled in by keyboard alone; what does not fit is said at its field, which has the focus", async () => {
    await using on = await sharedStage();
    const session = await sessionOf(on);
    const page = await on.open(`/s/${session.id}`);
    await say(page, `${FORM}\nSAY thank you`);
    await ready(page);
    const port = form(page).getByRole("textbox", { name: "port" });
    expect(await port.getAttribute("aria-required")).toBe("true");
    await port.focus();
    await page.keyboard.type("70000");
    await page.keyboard.press("Enter");
    await form(page).getByText("At most 65535.").waitFor();
    expect(await port.getAttribute("aria-invalid")).toBe("true");
    expect(await page.locator(":focus").getAttribute("data-field")).toBe("port");
    // What is wrong is read out with the field.
    const about = (await port.getAttribute("aria-describedby"))?.split(" ") ?? [];
    const texts = await Promise.all(about.map((id) => page.locator(`[id="${id}"]`).textContent()));
    expect(texts).toEqual(["a whole number, 1 to 65535; required", "At most 65535."]);
    await port.fill("8080");
    await page.keyboard.press("Tab");
    await page.keyboard.type("lion");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    expect(await page.getByRole("radio", { name: "Yes" }).isChecked()).toBe(true);
    await page.getByRole("button", { name: "Answer" }).press("Enter");
    await said(page).getByText("thank you").waitFor();
    const colour = await answersOf(on, session.id);
    expect(colour).toEqual([
      {
        action: "accept",
        content: { port: 8080, name: "lion", sure: true, colour: "green", days: ["Mon", "Wed"] },
      },
    ]);
    await form(page).waitFor({ state: "detached" });
    expect(on.complaints).toEqual([]);
  });

  test.runIf(isWhole)(
    "[I-15, A-19] it waits in the inbox too; one window answers, the other is told; a page is named and opened by nobody",
    async () => {
      await using on = await sharedStage();
      const session = await sessionOf(on);
      const [inbox, other] = [await on.open("/inbox"), await on.open(`/s/${session.id}`)];
      await say(other, `${FORM}\nASKURL https://example.invalid/login?a=b Log in there.\nSAY done`);
      await inbox.getByRole("link", { name: "Inbox, 1 waiting" }).waitFor();
      for (const page of [inbox, other]) await ready(page);
      await form(inbox).getByRole("button", { name: "Decline" }).click();
      for (const page of [inbox, other]) await form(page).waitFor({ state: "detached" });
      const page = other.getByRole("form", { name: "Log in there." });
      await page.getByText("https://example.invalid/login?a=b").waitFor();
      const link = page.getByRole("link", { name: "Open in a new tab" });
      expect(await link.getAttribute("rel")).toBe("noopener noreferrer");
      const visited = page.getByRole("button", { name: "I have visited it" });
      await until("the form to take answers", () => visited.isEnabled());
      await visited.click();
      await said(other).getByText("Answered accept").waitFor();
      expect(await answersOf(on, session.id)).toEqual([{ action: "accept" }, { action: "decline" }]);
      expect(on.complaints).toEqual([]);
    },
  );

  test.runIf(isWhole)(
    "[I-15, I-16] on a phone and on a desk, light and dark, nothing of it is wider than the window",
    async () => {
      await using on = await sharedStage();
      const session = await sessionOf(on);
      const page = await on.open(`/s/${session.id}`);
      await say(page, FORM);
      await ready(page);
      await form(page).getByRole("button", { name: "Answer" }).click();
      await mkdir(PICTURES, { recursive: true });
      for (const [size, viewport] of [
        ["desktop", { width: 1280, height: 800 }],
        ["phone", { width: 390, height: 844 }],
      ] as const) {
        await page.setViewportSize(viewport);
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          await page.screenshot({ path: join(PICTURES, `question-${size}-${colorScheme}.png`) });
        }
        const widths = await page.evaluate<[number, number]>(
          "[document.documentElement.scrollWidth, innerWidth]",
        );
        expect(widths[0]).toBeLessThanOrEqual(widths[1]);
      }
      await form(page).getByRole("button", { name: "Cancel" }).click();
      await form(page).waitFor({ state: "detached" });
      expect(await answersOf(on, session.id)).toEqual([{ action: "cancel" }]);
      expect(on.complaints).toEqual([]);
    },
  );
});
