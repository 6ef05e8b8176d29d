import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { isWhole } from "../harness/sample.ts";
import { closeBrowser, sharedStage, type Stage } from "./browser.ts";
import { log, message, say } from "./words.ts";

afterAll(closeBrowser);

const sessionOf = (on: Stage) =>
  on.server.client.createSession({ directory: on.project, agent: "rehearsal", approvalMode: "all" });

test("[R-8.2, I-15] a file is mentioned by a few letters and Enter, goes along, and a missing one comes back", async () => {
  await using on = await sharedStage();
  const session = await sessionOf(on);
  await mkdir(join(on.project, "mentions"), { recursive: true });
  await writeFile(join(on.project, "mentions", "some notes.md"), "one\ntwo\n");
  const page = await on.open(`/s/${session.id}`);
  await message(page).pressSequentially("GIVEN (@some");
  const option = page.getByRole("option", { name: "mentions/some notes.md" });
  await option.waitFor();
  await message(page).press("Enter");
  await option.waitFor({ state: "hidden" });
  expect(await message(page).inputValue()).toBe('GIVEN (@"mentions/some notes.md" ');
  await message(page).press("Enter");
  await log(page).getByText(`mentions/some%20notes.md "one\\ntwo\\n"`).waitFor();
  await log(page).getByText("mentions/some notes.md", { exact: true }).waitFor();
  await message(page).fill("SAY @mentions/gone.md");
  await message(page).press("Enter");
  await page.getByText("There is no mentions/gone.md in").waitFor();
  expect(await message(page).inputValue()).toBe("SAY @mentions/gone.md");
  expect(on.complaints).toEqual([]);
});

test.runIf(isWhole)(
  "[R-8.3, I-15] a symbol of a file is found behind its #, and goes along with its lines",
  async () => {
    await using on = await sharedStage();
    const session = await sessionOf(on);
    await writeFile(join(on.project, "lane.py"), "class Lane:\n    def claim(self):\n        return 1\n");
    const page = await on.open(`/s/${session.id}`);
    await message(page).pressSequentially("GIVEN @lane.py#cl");
    const option = page.getByRole("option", { name: "Lane.claim" });
    await option.getByText("method, line 2").waitFor();
    await message(page).press("Enter");
    await option.waitFor({ state: "hidden" });
    expect(await message(page).inputValue()).toBe("GIVEN @lane.py#Lane.claim ");
    await message(page).press("Enter");
    await log(page).getByText("lane.py#L2-3").waitFor();
    await log(page).getByText("lane.py#Lane.claim", { exact: true }).waitFor();
    expect(on.complaints).toEqual([]);
  },
);

test.runIf(isWhole)(
  "[R-8.4, I-15] a resource of an MCP server is found behind @mcp, and goes along as it was read",
  async () => {
    await using on = await sharedStage();
    const { id } = await sessionOf(on);
    const args = [join(import.meta.dirname, "../harness/mcp-server.ts")];
    const notes = {
      type: "stdio" as const,
      command: process.execPath,
      args,
      env: { NOTE: "a note of herons" },
    };
    await on.server.client.patchSession(id, { mcpServers: { notes } });
    const page = await on.open(`/s/${id}`);
    await message(page).pressSequentially("GIVEN @mcp");
    await page.getByRole("option", { name: "@mcp://" }).waitFor();
    await message(page).press("Enter");
    await page.getByRole("option", { name: "note://both" }).waitFor();
    await message(page).pressSequentially("notes/note://te");
    const option = page.getByRole("option", { name: "note://text", selected: true });
    await option.getByText("The note note://text, from notes").waitFor();
    await message(page).press("Enter");
    await option.waitFor({ state: "hidden" });
    expect(await message(page).inputValue()).toBe("GIVEN @mcp://notes/note://text ");
    await message(page).press("Enter");
    await log(page).getByText('note://text "a note of herons"').waitFor();
    await log(page).getByText("note://text", { exact: true }).waitFor();
    expect(on.complaints).toEqual([]);
  },
);

test.runIf(isWhole)(
  "[R-8.1, I-15] a file that came with a tool's result is shown and can be saved",
  async () => {
    await using on = await sharedStage();
    const session = await sessionOf(on);
    const page = await on.open(`/s/${session.id}`);
    await say(page, "ATTACH file the very bytes\nATTACH link https://example.test/elsewhere");
    const name = "Save attached.bin";
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      log(page).getByRole("button", { name }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("attached.bin");
    expect(await readFile(await download.path(), "utf8")).toBe("the very bytes");
    await log(page).getByRole("list", { name: "Attachments" }).getByText("a link", { exact: true }).waitFor();
    expect(on.complaints).toEqual([]);
  },
);
