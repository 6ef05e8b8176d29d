import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import type { Message, SessionId, Turn } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { amount, isWhole } from "../harness/sample.ts";
import { ended, follow, say, sessionOn, textOf, upTo, wordsIn } from "./session-work.ts";
import { clockOf } from "./set-clock.ts";

/** Updates of an agent that floods, and of one tool call. */
const FLOOD = amount(2_000, 50_000);
const UPDATES = amount(1_000, 10_000);
/** How long a flood may take before it counts as hanging, in ms. */
const FLOOD_MS = 480_000;
/** Deltas go a minute after their turn's end (D-14); the clock is set forward by more. In ms. */
const SWEPT_MS = 120_000;
/** What the session may have beside twice its transcript (D-27): rows of turns, inputs and events, and the pages that are not full. In bytes. */
const SLACK = 192 * 1024;
/** Rounds of other requests that are answered during a flood at least: one that had to wait for the flood would be the only one. */
const ROUNDS = amount(3, 20);

/** Asks for health, reads another session and writes to it until the turn has ended; nobody waits for that. */
async function meanwhile(server: HoldfastProcess, other: SessionId, end: Promise<Turn>) {
  const over = new AbortController();
  const ending = end.finally(() => over.abort());
  const titles: string[] = [];
  for (let round = 1; !over.signal.aborted; round += 1) {
    expect(await server.client.health()).toMatchObject({ status: "ok" });
    await server.client.getSession(other);
    await server.client.patchSession(other, { title: `round ${round}` });
    titles.push(`round ${round}`);
    await delay(10);
  }
  expect(await ending).toMatchObject({ state: "completed" });
  expect((await server.client.getSession(other)).title).toBe(titles.at(-1));
  expect(titles.length).toBeGreaterThanOrEqual(ROUNDS);
}

/** Bytes of final texts, tool inputs and tool outputs (D-27). */
const transcriptBytes = (messages: readonly Message[]): number =>
  messages
    .flatMap(({ parts }) => parts)
    .reduce((sum, part) => {
      if (part.type === "text") return sum + Buffer.byteLength(part.text);
      if (part.type !== "tool") return sum;
      const output = "output" in part.state ? (part.state.output ?? "") : "";
      return sum + Buffer.byteLength(output) + Buffer.byteLength(JSON.stringify(part.state.input));
    }, 0);

const database = (server: HoldfastProcess) =>
  new DatabaseSync(join(server.root, "data", "holdfast.db"), { readOnly: true });

/** Bytes of the database that hold something. Ends the server, and with that folds its log into the database. */
async function storedBytes(server: HoldfastProcess): Promise<number> {
  expect(await server.stop()).toBe(0);
  const file = database(server);
  const figure = (name: string) => Number(Object.values(file.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  const bytes = (figure("page_count") - figure("freelist_count")) * figure("page_size");
  file.close();
  return bytes;
}

/** Resolves once housekeeping, which comes by every minute, has dropped the deltas of every ended turn. */
async function deltasGone(server: HoldfastProcess): Promise<void> {
  const file = database(server);
  const left = file.prepare("SELECT count(*) AS turns FROM turn WHERE swept = 0");
  await until("the deltas to go", () => left.get()?.["turns"] === 0);
  file.close();
}

describe("an agent that floods", () => {
  test(`[D-12, D-14, D-27] ${FLOOD} words: exact, at last within twice the transcript, and nobody else waits`, async () => {
    await using root = await temporaryDirectory("flood");
    const { options, off } = await clockOf(root.path);
    let server = await startHoldfast(options);
    const { id } = await sessionOn(server, "flooded");
    const other = (await sessionOn(server, "other")).id;
    await ended(server, (await say(server, id, "SAY before")).turn.id);
    const empty = await storedBytes(server);
    server = await startHoldfast(options);
    const { lastSeq } = await server.client.getSession(id);
    const following = follow(server, id, undefined, lastSeq);
    const { turn } = await say(server, id, `SLOW ${FLOOD} 0`);
    await meanwhile(server, other, ended(server, turn.id, FLOOD_MS));
    const words = upTo(FLOOD).join(" ");
    expect(wordsIn(textOf(await following)).join(" ")).toBe(words);
    await off(SWEPT_MS);
    await deltasGone(server);
    const { items } = await server.client.listMessages(id, { limit: 200 });
    const answers = items.flatMap(({ info, parts }) =>
      info.role === "assistant" ? parts.flatMap((part) => (part.type === "text" ? [part.text] : [])) : [],
    );
    expect(answers.map((answer) => wordsIn(answer).join(" "))).toEqual(["", words]);
    const stored = (await storedBytes(server)) - empty;
    const transcript = transcriptBytes(items);
    expect(transcript).toBeGreaterThan(FLOOD * 5);
    expect(stored, `${stored} bytes stored for ${transcript}`).toBeLessThanOrEqual(2 * transcript + SLACK);
  });

  const updates: [count: number, bytes: number][] = [
    [UPDATES, 64],
    [FLOOD, 2_000],
  ];
  test.runIf(isWhole).each(updates)(
    "[D-16, D-27] %i updates of one tool, of %i bytes each: the last is what is kept, and nobody else waits",
    async (count, bytes) => {
      await using root = await temporaryDirectory("updates");
      let server = await startHoldfast({ root: root.path });
      const { id } = await sessionOn(server, "flooded");
      const other = (await sessionOn(server, "other")).id;
      await ended(server, (await say(server, id, "SAY before")).turn.id);
      const empty = await storedBytes(server);
      server = await startHoldfast({ root: root.path });
      const { turn } = await say(server, id, `UPDATES ${count} ${bytes}`);
      await meanwhile(server, other, ended(server, turn.id, FLOOD_MS));
      const { items } = await server.client.listMessages(id);
      const tools = items.flatMap(({ parts }) => parts).filter((part) => part.type === "tool");
      expect(tools).toHaveLength(1);
      const state = tools[0]?.state;
      const output = state?.status === "completed" ? state.output : undefined;
      expect(output?.startsWith(`u${count} `)).toBe(true);
      expect(output).toHaveLength(bytes);
      const stored = (await storedBytes(server)) - empty;
      const transcript = transcriptBytes(items);
      expect(stored, `${stored} bytes stored for ${transcript}`).toBeLessThanOrEqual(2 * transcript + SLACK);
    },
  );
});
