import { isHandoffPart, type Message, type SessionId } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { sampleOf, isWhole } from "../harness/sample.ts";
import { ended, eventsOf, follow, say, sessionOn, textOf, upTo, wordsIn } from "./session-work.ts";
import { clockOf } from "./set-clock.ts";

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
/** Where the 48 bits of time in an id begin again: in the year 10889. */
const WRAP_MS = 2 ** 48;

/** The server's own wall clock. A one-time code is good for a minute (I-6). */
const serverNow = async (server: HoldfastProcess): Promise<number> =>
  (await server.client.createAccessCode()).expiresAt - 60_000;

async function transcript(server: HoldfastProcess, sessionId: SessionId): Promise<Message[]> {
  const pages: Message[][] = [];
  let before: string | undefined;
  do {
    const page = await server.client.listMessages(sessionId, {
      limit: 3,
      ...(before === undefined ? {} : { before }),
    });
    pages.unshift(page.items);
    before = page.next;
  } while (before !== undefined);
  return pages.flat();
}

/** What a person said: an interrupted turn may be told to the agent once more, beside it. */
const asked = (messages: readonly Message[]) =>
  messages.flatMap(({ info, parts }) =>
    info.role === "user"
      ? parts.flatMap((part) => (part.type === "text" && !isHandoffPart(part) ? [part.text] : []))
      : [],
  );

/** What must hold whatever the clock did. */
async function expectOrder(
  server: HoldfastProcess,
  sessionId: SessionId,
  said: readonly string[],
): Promise<void> {
  const messages = await transcript(server, sessionId);
  expect(asked(messages)).toEqual(said);
  const ordinals = messages.map(({ info }) => info.ordinal ?? -1);
  expect(ordinals).toEqual(ordinals.toSorted((a, b) => a - b));
  expect(messages.map(({ info }) => info.role)).toEqual(said.flatMap(() => ["user", "assistant"]));
  const { items } = await server.client.listTurns(sessionId, { limit: 200 });
  const byTurn = items.toReversed().map(({ messageId }) => messageId);
  expect(byTurn).toEqual(messages.flatMap(({ info }) => (info.role === "user" ? [info.id] : [])));
  const { integrity, foreignKeys, drift, stuckTurns } = await server.client.diagnostics();
  expect([...integrity, ...foreignKeys, ...drift, ...stuckTurns]).toEqual([]);
}

async function allSessions(server: HoldfastProcess): Promise<string[]> {
  const ids: string[] = [];
  let before: string | undefined;
  do {
    const page = await server.client.listSessions({ limit: 2, ...(before === undefined ? {} : { before }) });
    ids.push(...page.items.map(({ id }) => id));
    before = page.next;
  } while (before !== undefined);
  return ids;
}

describe("a clock that jumps", () => {
  const jumps: [string, number][] = [
    ["an hour", HOUR_MS],
    ["a day", DAY_MS],
  ];
  test.each(sampleOf(jumps, 1))(
    "[R-1.1, D-3] back by %s in mid-stream: nothing is lost, doubled, failed or out of order, across a restart too",
    async (_name, jump) => {
      await using root = await temporaryDirectory("clock");
      const { options, off } = await clockOf(root.path);
      const said = ["SLOW 200 10", "SAY after the jump", "SLOW 100000 10", "SAY after the restart"];
      let id: SessionId;
      {
        await using server = await startHoldfast(options);
        ({ id } = await sessionOn(server));
        const before = await serverNow(server);
        const following = follow(server, id);
        const first = await say(server, id, said[0] ?? "");
        await until(
          "the middle of the turn",
          async () => (await server.client.getTurn(first.turn.id)).state === "running",
        );
        await off(-jump);
        expect(await serverNow(server)).toBeLessThan(before - jump + 60_000);
        const events = await following;
        expect(wordsIn(textOf(events))).toEqual(upTo(200));
        expect(await ended(server, first.turn.id)).toMatchObject({ state: "completed" });
        await ended(server, (await say(server, id, said[1] ?? "")).turn.id);
        expect(await server.client.health()).toMatchObject({ status: "ok" });
        await say(server, id, said[2] ?? "");
        // More words than the first turn said: the third is under way.
        await until("words", async () => textOf(await eventsOf(server, id)).includes("w205 "));
        await server.kill();
        await off(-2 * jump);
      }
      await using server = await startHoldfast(options);
      const { items } = await server.client.listTurns(id);
      expect(items[0]).toMatchObject({ state: "aborted", reason: "interrupted" });
      const last = await say(server, id, said[3] ?? "");
      await server.client.resumeQueue(id);
      expect(await ended(server, last.turn.id)).toMatchObject({ state: "completed" });
      await expectOrder(server, id, said);
    },
  );

  test.runIf(isWhole)(
    "[D-29] the pages of sessions neither skip nor repeat one when the clock went back between them",
    async () => {
      await using root = await temporaryDirectory("clock");
      const { options, off } = await clockOf(root.path);
      await using server = await startHoldfast(options);
      const ids: string[] = [];
      for (const back of [0, HOUR_MS, HOUR_MS, DAY_MS, 0, DAY_MS]) {
        await off(-back);
        ids.push((await sessionOn(server)).id);
      }
      expect((await allSessions(server)).toSorted()).toEqual(ids.toSorted());
    },
  );

  test.runIf(isWhole)(
    "[A-19] a permission request that was asked before the jump waits, and is answered after it",
    async () => {
      await using root = await temporaryDirectory("clock");
      const { options, off } = await clockOf(root.path);
      await using server = await startHoldfast(options);
      const { id } = await server.client.createSession({ directory: server.project, agent: "rehearsal" });
      const { turn } = await say(server, id, "ASK may I");
      const request = await until(
        "the request",
        async () => (await server.client.listPermissions({ state: "pending", sessionId: id })).items[0],
      );
      await off(-DAY_MS);
      await server.client.getSession(id);
      await server.client.replyPermission(request.id, { reply: "once" });
      expect(await ended(server, turn.id)).toMatchObject({ state: "completed" });
      expect(textOf(await eventsOf(server, id))).toContain("Allowed: may I");
    },
  );

  test.runIf(isWhole)(
    "[I-6] a key of a request holds across the jump; a new way in is made and used",
    async () => {
      await using root = await temporaryDirectory("clock");
      const { options, off } = await clockOf(root.path);
      await using server = await startHoldfast(options);
      const { id } = await sessionOn(server);
      const body = { parts: [{ type: "text" as const, text: "SAY once" }] };
      const first = await server.client.admitInput(id, body, { idempotencyKey: "jump" });
      await off(-DAY_MS);
      const again = await server.client.admitInput(id, body, { idempotencyKey: "jump" });
      expect(again.turn.id).toBe(first.turn.id);
      const { code } = await server.client.createAccessCode();
      expect((await server.client.exchangeCode(code)).token).not.toBe("");
    },
  );
});

describe("the time in ids begins again", () => {
  /** The time in an id, in its own 48 bits. */
  const timeIn = (id: string): number => {
    const digits = "0123456789abcdefghjkmnpqrstvwxyz";
    const bits = Array.from(id.split("_")[1] ?? "").reduce(
      (sum, char) => sum * 32n + BigInt(digits.indexOf(char)),
      0n,
    );
    return Number(bits >> 80n);
  };

  test.runIf(isWhole)(
    "[R-1.1, D-3] sessions, turns, messages and events keep their order beyond the wrap, and a start beyond it finds everything",
    async () => {
      await using root = await temporaryDirectory("wrap");
      const { options, off } = await clockOf(root.path);
      await off(WRAP_MS - 60_000 - Date.now());
      const said = ["SAY one", "SAY two", "SAY three", "SAY four"];
      const ids: string[] = [];
      let id: SessionId;
      {
        await using server = await startHoldfast(options);
        ({ id } = await sessionOn(server, "early"));
        const early = await say(server, id, said[0] ?? "");
        await ended(server, early.turn.id);
        await off(WRAP_MS + 1_000 - Date.now());
        const late = await say(server, id, said[1] ?? "");
        await ended(server, late.turn.id);
        // The wrap is behind us: what is younger has the smaller id.
        expect(timeIn(late.turn.id)).toBeLessThan(timeIn(early.turn.id));
        expect(timeIn(early.turn.id)).toBeGreaterThan(WRAP_MS - 61_000);
        ids.push(id, (await sessionOn(server, "late")).id);
        await server.kill();
      }
      await using server = await startHoldfast(options);
      for (const text of said.slice(2)) await ended(server, (await say(server, id, text)).turn.id);
      ids.push((await sessionOn(server, "later")).id);
      await expectOrder(server, id, said);
      expect(await allSessions(server)).toEqual([ids[2], ids[0], ids[1]]);
      const events = await eventsOf(server, id);
      const seqs = events.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      const again = await server.client.admitInput(
        id,
        { parts: [{ type: "text", text: "SAY five" }], delivery: "queue" },
        { idempotencyKey: "beyond" },
      );
      expect((await ended(server, again.turn.id)).state).toBe("completed");
    },
  );

  test.runIf(isWhole)(
    "[R-1.1] a server whose first start lies beyond the wrap works like any other",
    async () => {
      await using root = await temporaryDirectory("wrap");
      const { options, off } = await clockOf(root.path);
      await off(WRAP_MS + DAY_MS - Date.now());
      await using server = await startHoldfast(options);
      const { id } = await sessionOn(server);
      const said = ["SAY one", "SAY two", "SAY three"];
      const turns = [];
      for (const text of said) turns.push(await say(server, id, text));
      for (const { turn } of turns)
        expect(await ended(server, turn.id)).toMatchObject({ state: "completed" });
      await expectOrder(server, id, said);
    },
  );
});
