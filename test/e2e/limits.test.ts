import { afterAll, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { closeBrowser, sharedStage } from "./browser.ts";
import { said, say } from "./words.ts";

afterAll(closeBrowser);

test("[I-15, A-29] a usage limit is counted down, in other sessions of its agent too; what waits for it is sent by one click", async () => {
  await using on = await sharedStage();
  const { client } = on.server;
  const make = (title: string) => client.createSession({ directory: on.project, agent: "rehearsal", title });
  const [session, other] = [await make("The one that met it"), await make("Another one")];
  const page = await on.open(`/s/${session.id}`);
  await say(page, "LIMIT 3600000 no more today");
  await page.getByText("The agent's usage limit was reached.").waitFor();
  await page.getByText(/rehearsal is at its usage limit\. It is over in 5\d min \d\d s/).waitFor();
  await page.getByRole("button", { name: "Go on when it is over" }).waitFor();
  const goesOn = page.getByRole("checkbox", { name: "From now on, go on by itself once after a limit" });
  await goesOn.click();
  await until("the setting to be taken", () => goesOn.isChecked());
  await page.getByRole("button", { name: "Do not wait" }).waitFor();
  await say(page, "SAY sent all the same");
  const now = page.getByRole("button", { name: "Send now" });
  await now.waitFor();
  const beside = await on.open(`/s/${other.id}`);
  const told = beside.getByText("What you send here may meet it too.");
  await told.waitFor();
  expect(await client.getSession(session.id)).toMatchObject({ limitAttempts: 1, queue: { length: 1 } });
  await now.click();
  await said(page).getByText("sent all the same").waitFor();
  await now.waitFor({ state: "detached" });
  await told.waitFor({ state: "detached" });
  expect(on.complaints).toEqual([]);
});
