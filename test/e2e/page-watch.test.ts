import { afterAll, expect, test } from "vitest";
import { until } from "../harness/index.ts";
import { closeBrowser, stage } from "./browser.ts";
import { message } from "./words.ts";

afterAll(closeBrowser);

test("[I-16, I-6] what shifts and what the policy refuses is seen in every window, and the nodes are named", async () => {
  await using on = await stage("watch");
  on.isSteadinessDemanded = false;
  const session = await on.server.client.createSession({ directory: on.server.project, agent: "rehearsal" });
  const page = await on.open(`/s/${session.id}`);
  await message(page).waitFor();
  expect(on.watch.complaints()).toEqual([]);
  await page.evaluate("document.querySelector('#root').style.paddingTop = '200px'");
  const [shifted] = await until("the shift", () => {
    const complaints = on.watch.complaints();
    return complaints.length > 0 && complaints;
  });
  expect(shifted).toMatch(
    /^A window shifted by 0\.\d+, the bound is 0\.05:\n {2}0\.\d+ at \/s\/ses_\w+:\n {4}<\w+ /,
  );
  await page.evaluate(
    "document.head.append(Object.assign(document.createElement('script'), { src: 'data:,0' }))",
  );
  await until("the refusal", () =>
    on.watch.complaints().some((one) => one.includes("script-src-elem refused data")),
  );
});
