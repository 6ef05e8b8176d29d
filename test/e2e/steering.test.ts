import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { closeBrowser, Stage } from "./browser.ts";
import { message, said, say } from "./words.ts";

afterAll(closeBrowser);

const FAULTY = join(import.meta.dirname, "../../packages/rehearsal/test/fixture/faulty.js");

test("[I-15, A-28] an agent that takes nothing during a turn: the page stops the turn to send now, before all that waits", async () => {
  const directory = await temporaryDirectory("e2e-no-steering");
  const mute = { backend: "acp" as const, command: [process.execPath, FAULTY, "--fault", "no-steering"] };
  const options = { root: directory.path, config: { agents: { mute } } };
  await using on = new Stage(await startHoldfast(options), options, directory, undefined);
  const { client } = on.server;
  const { id } = await client.createSession({
    directory: on.project,
    agent: "mute",
    approvalMode: "all",
  });
  const page = await on.open(`/s/${id}`);
  for (const text of ["SLOW 100000 20", "SAY later"]) await say(page, text);
  await page.getByRole("region", { name: "Queue" }).getByText("SAY later").waitFor();
  await message(page).fill("SAY now");
  await page.getByRole("button", { name: "Stop and send now" }).click();
  await said(page).getByText("now", { exact: true }).waitFor();
  await said(page).getByText("later", { exact: true }).waitFor();
  await until("their ends", async () => {
    const { items } = await client.listTurns(id);
    return items.map(({ state, reason }) => reason ?? state).join() === "completed,completed,superseded";
  });
  expect(on.complaints).toEqual([]);
});
