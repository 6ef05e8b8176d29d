import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config, Session } from "@holdfast/protocol";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import {
  type HarnessOptions,
  REHEARSAL,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { closeBrowser, sharedStage, Stage } from "./browser.ts";
import { log, said, say } from "./words.ts";

afterAll(closeBrowser);

const ROOT = join(import.meta.dirname, "../..");
/** Speaks the protocol, has no modes, and so can only act without asking. */
const BOLD = join(ROOT, "test/gallery/agent.ts");
/** A program of its own, which can be taken away. */
const TOOL = "tool";
const acp = (name: string, ...command: string[]) => ({ backend: "acp" as const, command, name });
const PHONE = { width: 390, height: 844 };

/** What makes a server know more agents than its own. */
async function optionsOf(root: string, more: Config = {}): Promise<HarnessOptions> {
  const tool = join(root, TOOL);
  await writeFile(tool, `#!/bin/sh\nexec ${process.execPath} ${REHEARSAL}\n`, { mode: 0o755 });
  const agents = {
    scribe: acp("Scribe", process.execPath, REHEARSAL),
    bold: acp("Bold", process.execPath, BOLD),
    tool: acp("Tool", tool),
  };
  return { root, config: { agents, ...more } };
}

async function stageOf(name: string, more: Config = {}): Promise<Stage> {
  const directory = await temporaryDirectory(`e2e-${name}`);
  const options = await optionsOf(directory.path, more);
  return new Stage(await startHoldfast(options), options, directory, undefined);
}

const sharedStageOf = () => sharedStage(optionsOf);

const sessionOf = (on: Stage, given: Partial<Pick<Session, "agent" | "approvalMode" | "title">> = {}) =>
  on.server.client.createSession({
    directory: on.project,
    agent: "rehearsal",
    approvalMode: "all",
    ...given,
  });

/** Runs a turn to its end over the API. */
async function run(on: Stage, sessionId: string, text: string, agent?: string): Promise<void> {
  const input = { parts: [{ type: "text" as const, text }], ...(agent === undefined ? {} : { agent }) };
  const end = await on.server.client.admitInputAndWait(sessionId, input, { timeoutMs: 240_000 });
  expect(end.ended).toBe(true);
}

/** Its turns have ended; what they wrote may be shown before. */
const rested = (on: Stage, sessionId: string) =>
  until("the end of the turns", async () =>
    (await on.server.client.listTurns(sessionId)).items.every(({ state }) => state === "completed"),
  );

const chooser = (page: Page) => page.getByRole("dialog", { name: "Agents" });
const picker = (page: Page, name: string) => page.getByRole("button", { name: `Agent: ${name}` });
const memory = (page: Page) => page.getByRole("button", { name: /^Memory of the agent/ });
/** How the turns of the transcript found their agents, as far as it says. */
const chips = (page: Page) => log(page).getByRole("button", { name: /^(new|resumed|replayed|memory lost)$/ });
/** What the chip that has the focus or the pointer says. */
const explanation = (page: Page) => page.getByRole("tooltip");

/** How far the page is wider than its window, in px. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

describe("choosing an agent", () => {
  test("[A-3, I-15, I-16] by keyboard: what each can do, one taken, and the focus back where it was", async () => {
    await using on = await sharedStageOf();
    const session = await sessionOf(on);
    await run(on, session.id, "SAY hello");
    const page = await on.open(`/s/${session.id}`);
    await picker(page, "Rehearsal").press("Enter");
    const current = chooser(page).getByRole("button", { name: "Rehearsal", exact: true });
    await chooser(page).getByText("Keeps its memory over a restart").waitFor();
    await current.and(page.locator(":focus")).waitFor();
    expect(await current.getAttribute("aria-current")).toBe("true");
    await page.keyboard.press("Escape");
    await chooser(page).waitFor({ state: "detached" });
    await picker(page, "Rehearsal").and(page.locator(":focus")).waitFor();
    await page.keyboard.press("Enter");
    await chooser(page).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await picker(page, "Scribe").waitFor();
    expect((await on.server.client.getSession(session.id)).agent).toBe("scribe");
    expect(on.complaints).toEqual([]);
  });

  test("[A-3] an agent that is missing says why, and its command can be copied", async () => {
    await using on = await sharedStageOf();
    const session = await sessionOf(on);
    const context = await on.context({ permissions: ["clipboard-read", "clipboard-write"] });
    const page = await on.open(`/s/${session.id}`, { context });
    await picker(page, "Rehearsal").click();
    const missing = chooser(page).getByRole("listitem").filter({ hasText: "Qwen Code" });
    await missing.getByText("The program qwen was not found.").waitFor();
    expect(await missing.getByRole("button", { name: "Qwen Code" }).count()).toBe(0);
    await missing.getByRole("button", { name: "Copy the command" }).click();
    await missing.getByText("Copied").waitFor();
    const copied = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(copied).toBe("npm install -g @qwen-code/qwen-code");
    expect(on.complaints).toEqual([]);
  });

  test("[A-7] the session's MCP servers are named below the agents, and what they are given is not", async () => {
    await using on = await sharedStageOf();
    const session = await sessionOf(on);
    const docs = {
      type: "http",
      url: "https://docs.example/mcp",
      headers: { Authorization: "hush" },
    } as const;
    await on.server.client.patchSession(session.id, { mcpServers: { docs, old: { type: "off" } } });
    const page = await on.open(`/s/${session.id}`);
    await picker(page, "Rehearsal").click();
    const given = chooser(page).getByRole("region", { name: "MCP servers" });
    await given.getByText("https://docs.example/mcp").waitFor();
    await given.getByText("old: left out of this session").waitFor();
    expect(await page.content()).not.toContain("hush");
    await on.server.client.patchSession(session.id, { mcpServers: { docs: null, old: null } });
    await given.waitFor({ state: "detached" });
    expect(on.complaints).toEqual([]);
  });

  test.runIf(isWhole)("[A-20] one that cannot ask is taken only with a mode that it can hold", async () => {
    await using on = await sharedStageOf();
    const other = await sessionOf(on, { agent: "bold" });
    await run(on, other.id, "KINDS");
    const session = await sessionOf(on, { approvalMode: "ask" });
    const page = await on.open(`/s/${session.id}`);
    await picker(page, "Rehearsal").click();
    await chooser(page).getByText("Acts without asking").waitFor();
    await chooser(page).getByRole("button", { name: "Bold", exact: true }).click();
    await chooser(page).getByText("Bold cannot hold the mode of this session.").waitFor();
    await page.keyboard.press("Enter");
    await chooser(page).getByRole("button", { name: "Bold", exact: true }).click();
    expect((await on.server.client.getSession(session.id)).agent).toBe("rehearsal");
    await chooser(page).getByRole("button", { name: "Acts without asking" }).click();
    await picker(page, "Bold").waitFor();
    expect(await on.server.client.getSession(session.id)).toMatchObject({
      agent: "bold",
      approvalMode: "all",
    });
    const mode = page.getByRole("combobox", { name: "What the agent may do" });
    await until("the mode", async () => (await mode.inputValue()) === "all");
    const off = mode.locator("option[disabled]");
    expect(await off.allTextContents()).toEqual([
      "Reads only (Bold cannot)",
      "Asks before it acts (Bold cannot)",
      "Edits freely, asks for the rest (Bold cannot)",
    ]);
    expect(on.complaints).toEqual([]);
  });

  test.runIf(isWhole)(
    "[A-3, I-15] a session whose agent left the machine says so, and goes on with another one",
    async () => {
      await using on = await stageOf("gone");
      const session = await sessionOf(on, { agent: "tool" });
      await run(on, session.id, "SAY here");
      await rm(join(on.server.root, TOOL));
      const page = await on.open(`/s/${session.id}`);
      const warning = page.getByRole("status").filter({ hasText: "Tool cannot be started." });
      await warning.getByText("was not found").waitFor();
      await warning.getByRole("button", { name: "Choose another agent" }).click();
      await chooser(page).getByRole("button", { name: "Rehearsal", exact: true }).click();
      await warning.waitFor({ state: "detached" });
      await say(page, "SAY and on");
      await said(page).getByText("and on").waitFor();
      expect(on.complaints).toEqual([]);
    },
  );
});

describe("what an agent remembers", () => {
  test.runIf(isWhole)("[A-4, A-6, I-15] who takes over is told what it missed, once", async () => {
    await using on = await sharedStageOf();
    const session = await sessionOf(on);
    const page = await on.open(`/s/${session.id}`);
    await say(page, "SAY the parser splits");
    await said(page).getByText("the parser splits").waitFor();
    expect(await page.getByRole("button", { name: /was told of earlier turns/ }).count()).toBe(0);
    await picker(page, "Rehearsal").click();
    await chooser(page).getByRole("button", { name: "Scribe", exact: true }).click();
    await picker(page, "Scribe").waitFor();
    await memory(page).hover();
    await explanation(page).getByText("told what happened without it, with rehearsal").waitFor();
    await page.mouse.move(0, 0);
    await explanation(page).waitFor({ state: "hidden" });
    await say(page, "SAY I write it down");
    await said(page).getByText("I write it down").waitFor();
    const told = page.getByRole("button", { name: "What scribe was told of earlier turns" });
    expect(await told.getAttribute("aria-expanded")).toBe("false");
    await told.click();
    const account = page.getByLabel("What scribe was told", { exact: true });
    await account.getByText("SAY the parser splits").waitFor();
    await say(page, "SAY once more");
    await said(page).getByText("once more").waitFor();
    expect(await page.getByRole("button", { name: /was told of earlier turns/ }).count()).toBe(1);
    expect(await chips(page).allTextContents()).toEqual(["new", "new"]);
    expect(on.complaints).toEqual([]);
  });

  test.runIf(isWhole)(
    "[A-5, I-15] after a restart it is resumed; without its own memory it is replayed, and the chip says what that means",
    async () => {
      await using on = await stageOf("memory");
      const session = await sessionOf(on);
      const page = await on.open(`/s/${session.id}`);
      await say(page, "REMEMBER plum\nSAY kept");
      await said(page).getByText("kept").waitFor();
      await until("the chip", async () => (await memory(page).textContent())?.endsWith("new") === true);
      await rested(on, session.id);
      await on.server.kill();
      await on.restart();
      await say(page, "RECALL");
      await said(page).getByText("plum").last().waitFor();
      await until("the chip", async () => (await memory(page).textContent())?.endsWith("resumed") === true);
      await rested(on, session.id);
      await on.server.kill();
      await rm(join(on.server.root, "rehearsal"), { recursive: true });
      await on.restart();
      await say(page, "SAY who am I");
      await said(page).getByText("who am I").waitFor();
      await until("the chip", async () => (await memory(page).textContent())?.endsWith("replayed") === true);
      expect(await chips(page).allTextContents()).toEqual(["new", "resumed", "replayed"]);
      await chips(page).last().click();
      await explanation(page).getByText("The agent's own memory of this session is gone.").waitFor();
      await page.keyboard.press("Escape");
      await explanation(page).waitFor({ state: "hidden" });
      await page.setViewportSize(PHONE);
      await memory(page).click();
      await explanation(page).waitFor();
      const box = await explanation(page).boundingBox();
      expect(box?.x).toBeGreaterThanOrEqual(0);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(PHONE.width);
      expect(await overflow(page)).toBe(0);
      expect(on.complaints).toEqual([]);
    },
  );
});

describe("what holds a turn up", () => {
  test.runIf(isWhole)(
    "[A-17, I-15] an agent that ended again and again rests; its turn says until when, and is tried by hand",
    async () => {
      await using on = await stageOf("circuit");
      const session = await sessionOf(on);
      for (const _ of [1, 2, 3]) await run(on, session.id, "CRASH");
      const page = await on.open(`/s/${session.id}`);
      await say(page, "SAY back again");
      await page.getByText("rehearsal ended again and again").waitFor();
      await page.getByText(/The next try is in \d+ s/).waitFor();
      expect(await memory(page).textContent()).toMatch(/crashed$/);
      await page.getByRole("button", { name: "Try now" }).click();
      await said(page).getByText("back again").waitFor();
      await page.getByText("ended again and again").waitFor({ state: "detached" });
      await until("the chip", async () => (await memory(page).textContent())?.endsWith("resumed") === true);
      expect(on.complaints).toEqual([]);
    },
  );
});

describe("what holds a turn up, and who", () => {
  test.runIf(isWhole)(
    "[A-14, I-15] one session works at a time in a directory: the other names it, with a link, and begins after it",
    async () => {
      await using on = await sharedStageOf();
      const first = await sessionOf(on, { title: "The first of two" });
      const second = await sessionOf(on);
      const { turn } = await on.server.client.admitInput(first.id, {
        parts: [{ type: "text", text: "HANG" }],
      });
      await until("its start", async () => (await on.server.client.getTurn(turn.id)).opened !== undefined);
      const page = await on.open(`/s/${second.id}`);
      await say(page, "SAY my turn");
      const held = page.getByRole("status").filter({ hasText: "works in this directory" });
      await held.getByRole("link", { name: "The first of two" }).click();
      expect(new URL(page.url()).pathname).toBe(`/s/${first.id}`);
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByText("Stopped by you").waitFor();
      await page.goto(`${on.server.url}/s/${second.id}`);
      await said(page).getByText("my turn").waitFor();
      await held.waitFor({ state: "detached" });
      expect(on.complaints).toEqual([]);
    },
  );

  test.runIf(isWhole)(
    "[A-8, I-15] all places are taken by agents at work: the turn says so, leads to them, and begins when one has ended",
    async () => {
      await using on = await stageOf("pool", { maxLiveAgents: 1 });
      const elsewhere = join(on.server.root, "elsewhere");
      await mkdir(elsewhere);
      const busy = await on.server.client.createSession({
        directory: elsewhere,
        agent: "rehearsal",
        approvalMode: "all",
        title: "At work",
      });
      const { turn } = await on.server.client.admitInput(busy.id, {
        parts: [{ type: "text", text: "HANG" }],
      });
      await until("its start", async () => (await on.server.client.getTurn(turn.id)).opened !== undefined);
      const session = await sessionOf(on);
      const page = await on.open(`/s/${session.id}`);
      await say(page, "SAY a place at last");
      const held = page.getByRole("status").filter({ hasText: "There is no place for one more agent" });
      await held.getByRole("link", { name: "What runs now" }).click();
      await page.getByRole("list", { name: "Live agents" }).getByText("At work").waitFor();
      await page.goBack();
      await held.waitFor();
      await on.server.client.cancelTurn(turn.id);
      await said(page).getByText("a place at last").waitFor();
      await held.waitFor({ state: "detached" });
      expect(on.complaints).toEqual([]);
    },
  );
});

describe("what is live", () => {
  test.runIf(isWhole)(
    "[A-8, I-15] each agent that lives, with its session, what it does and takes, and how many may; a turn is stopped there, and an idle one closed",
    async () => {
      await using on = await stageOf("live", { maxLiveAgents: 2 });
      const page = await on.open("/agents");
      await page.getByText("No agent lives now.").waitFor();
      expect(await page.getByRole("meter").getAttribute("aria-valuenow")).toBe("0");
      const idle = await sessionOf(on, { title: "Done with it", agent: "scribe" });
      await run(on, idle.id, "SAY done");
      const busy = await sessionOf(on, { title: "At work" });
      await on.server.client.admitInput(busy.id, { parts: [{ type: "text", text: "HANG" }] });
      const list = page.getByRole("list", { name: "Live agents" });
      const working = list.getByRole("listitem").filter({ hasText: "At work" });
      await working.getByText("Rehearsal · works").waitFor();
      await list
        .getByText(/Scribe · idle for \d/)
        .first()
        .waitFor();
      await page.getByText("2 of 2 places used").waitFor();
      await working.getByText(/\d+ MB of memory/).waitFor();
      await page.setViewportSize(PHONE);
      expect(await overflow(page)).toBe(0);
      await working.getByRole("button", { name: "Stop the turn" }).click();
      await working.getByText(/Rehearsal · idle/).waitFor();
      const { items } = await on.server.client.listTurns(busy.id);
      expect(items[0]).toMatchObject({ state: "aborted", reason: "cancelled" });
      const close = working.getByRole("button", { name: "Close the agent" });
      expect(await overflow(page)).toBe(0);
      await close.click();
      await working.waitFor({ state: "detached" });
      await page.getByText("1 of 2 places used").waitFor();
      await until("its memory kept", async () => {
        const known = (await on.server.client.listAgentSessions(busy.id)).items;
        return known.map(({ status }) => status).join() === "resumable";
      });
      await list.getByRole("link", { name: "Done with it" }).click();
      await said(page).getByText("done").waitFor();
      expect(on.complaints).toEqual([]);
    },
  );

  test.runIf(isWhole)(
    "[A-8, I-15] while the server is away, what was live stays and is called old; all agents are a press away",
    async () => {
      await using on = await stageOf("live-offline");
      const session = await sessionOf(on, { title: "Done with it" });
      await run(on, session.id, "SAY done");
      const page = await on.open("/agents");
      const row = page.getByRole("list", { name: "Live agents" }).getByText("Done with it");
      await row.waitFor();
      await on.server.kill();
      await page.getByText("This is what was live before").waitFor();
      await row.waitFor();
      await page.getByRole("button", { name: "All agents" }).click();
      await page.getByText("this is what was known before").waitFor();
      await page.getByText("npm install -g @qwen-code/qwen-code").waitFor();
      await on.restart();
      await page.getByRole("button", { name: "Live now" }).click();
      await page.getByText("No agent lives now.").waitFor();
      expect(on.complaints).toEqual([]);
    },
  );
});
