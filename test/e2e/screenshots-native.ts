/** Pictures of the native agent: while it has no model, which one it takes, and what it does. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { AGAIN, BIRD, BUSY, FULL, nativeStage } from "./native-stage.ts";
import { log, message, said, say } from "./words.ts";

export async function shootNative(shoot: (page: Page, name: string) => Promise<void>): Promise<void> {
  await using house = await nativeStage();
  const { on } = house;
  const page = await on.open("/");
  await page.getByRole("region", { name: "Holdfast's own agent" }).waitFor();
  await shoot(page, "native-first-run");
  await page.getByRole("button", { name: "Refresh" }).last().scrollIntoViewIfNeeded();
  await shoot(page, "native-first-run-ways");
  await house.equip();
  await page.goto(`${on.server.url}/new`);
  await page.getByRole("button", { name: "Model: Heron 1" }).waitFor();
  await shoot(page, "native-new");
  const session = await house.session("Find the heron");
  await writeFile(join(on.project, "notes.txt"), "a heron\n");
  await page.goto(`${on.server.url}/s/${session.id}`);
  await message(page).waitFor();
  await page.getByRole("button", { name: "Model: Heron 1" }).click();
  await page.getByRole("dialog", { name: "Models" }).getByText("Wren 1").waitFor();
  await shoot(page, "native-models");
  await page.keyboard.press("Escape");
  await say(page, `${AGAIN}\nSAY It was meant.`);
  await page.getByText("repeats itself").waitFor();
  await shoot(page, "native-again");
  await page.getByRole("button", { name: "Allow once" }).click();
  await said(page).getByText("It was meant.").waitFor();
  await say(page, FULL);
  await log(page).getByText("Older messages were summarised").waitFor();
  await say(page, "SAY The rest was easy.");
  await said(page).getByText("The rest was easy.").waitFor();
  await shoot(page, "native-compacted");
  await on.server.client.admitInput(session.id, BIRD);
  await log(page).getByRole("region", { name: "Result", exact: true }).getByText("heron").waitFor();
  await shoot(page, "native-result");
  await say(page, BUSY);
  await log(page)
    .getByText(/Tries again in/)
    .waitFor();
  await shoot(page, "native-retry");
  await page.getByRole("button", { name: "Stop" }).click();
  await log(page).getByText("Stopped by you").waitFor();
}
