import { afterAll, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { closeBrowser, stage } from "./browser.ts";

afterAll(closeBrowser);

test.runIf(isWhole)(
  "[A-19, I-15] what is always allowed is listed where it holds, and asked again once it is revoked",
  async () => {
    await using on = await stage("rules");
    const session = await on.server.client.createSession({
      directory: on.project,
      agent: "rehearsal",
      approvalMode: "ask",
      title: "With a rule",
    });
    const ask = { parts: [{ type: "text" as const, text: "BASH true" }] };
    const page = await on.open("/settings/rules");
    const rules = page.getByRole("region", { name: "Always allowed" });
    await rules.getByText("Nothing. Every request is asked").waitFor();
    const first = on.server.client.admitInput(session.id, ask);
    await page.getByRole("link", { name: "Inbox, 1 waiting" }).click();
    await page.getByRole("button", { name: "Always allow" }).click();
    await page.getByText("Nothing waits for you").waitFor();
    const { turn } = await first;
    await until("its end", async () => (await on.server.client.getTurn(turn.id)).state === "completed");
    await on.server.client.admitInputAndWait(session.id, ask, { timeoutMs: 240_000 });
    await page.goto(`${on.server.url}/settings/rules`);
    const group = rules.getByRole("region", { name: "Session With a rule" });
    await group.getByRole("button", { name: "Revoke true" }).click();
    await rules.getByText("Nothing. Every request is asked").waitFor();
    expect((await on.server.client.listPermissionRules()).items).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(
      await page.evaluate<number>(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      ),
    ).toBe(0);
    await on.server.client.admitInput(session.id, ask);
    await page.getByRole("link", { name: "Inbox, 1 waiting" }).waitFor();
    expect(on.complaints).toEqual([]);
  },
);
