import { newId } from "@holdfast/kernel";
import type { Message, MessageId, SessionId } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { isWhole } from "../../../../test/harness/sample.ts";
import { placeOf, type StoreRig, textPart } from "./rig.ts";
import { topic } from "./topic.ts";

const ids = (messages: readonly Message[]): MessageId[] => messages.map(({ info }) => info.id);

/** Every page from the newest back, oldest page first. */
async function pagesBack(rig: StoreRig, sessionId: SessionId, limit: number): Promise<Message[][]> {
  const pages: Message[][] = [];
  const cursor: { before?: number } = {};
  for (;;) {
    const page = await rig.store.pageMessages({ sessionId, limit, ...cursor });
    pages.unshift(page.items);
    if (page.next === undefined) return pages;
    cursor.before = page.next;
  }
}

/** A session with `turns` exchanges, two messages each. */
async function sessionWith(rig: StoreRig, turns: number): Promise<SessionId> {
  const sessionId = await rig.session();
  for (let count = 0; count < turns; count += 1) await rig.exchange(sessionId, `answer ${count}`);
  return sessionId;
}

export const historyTopic = topic("history", (rig, size) => {
  test("[D-29, R-1.1, R-17.1] pages go back from the newest, chronological inside", async () => {
    const sessionId = await sessionWith(rig(), 6);
    const whole = await rig().history(sessionId);
    expect(whole.map(({ info }) => info.ordinal)).toEqual(Array.from({ length: 12 }, (_, index) => index));
    const pages = await pagesBack(rig(), sessionId, 5);
    expect(pages.map((page) => page.length)).toEqual([2, 5, 5]);
    expect(pages.flat()).toEqual(whole);
  });

  test("[D-29] pages go forward from any place and meet the newest", async () => {
    const sessionId = await sessionWith(rig(), 4);
    const whole = await rig().history(sessionId);
    const first = (await pagesBack(rig(), sessionId, 3))[0] ?? [];
    const forward = [...first];
    let after = first.at(-1)?.info.ordinal;
    while (after !== undefined) {
      const page = await rig().store.pageMessages({ sessionId, limit: 3, after });
      forward.push(...page.items);
      after = page.prev;
    }
    expect(ids(forward)).toEqual(ids(whole));
  });

  test.runIf(isWhole)(
    "[D-29] a page of large messages is a short one, and the next goes on behind it",
    async () => {
      const sessionId = await rig().session();
      for (const size of [20, 1, 14, 14, 40]) {
        const run = await rig()
          .admit(sessionId)
          .then(() => rig().start(sessionId));
        await rig().part(run, textPart(placeOf(run), "x".repeat(size * 1024 * 1024), { start: 1, end: 2 }));
        await rig().finish(run);
      }
      const whole = ids(await rig().history(sessionId));
      const pages = await pagesBack(rig(), sessionId, 50);
      expect(pages.map((page) => page.length)).toEqual([2, 7, 1]);
      expect(pages.flatMap(ids)).toEqual(whole);
      const forward = await rig().store.pageMessages({ sessionId, limit: 50, after: 0 });
      expect(ids(forward.items)).toEqual(whole.slice(1, 5));
      expect(forward.prev).toBe(4);
    },
  );

  test("[D-29, R-17.1] a page back and the page forward from it are the same place", async () => {
    const sessionId = await sessionWith(rig(), 5);
    const newest = await rig().store.pageMessages({ sessionId, limit: 3 });
    const older = await rig().store.pageMessages({ sessionId, limit: 3, before: newest.next as number });
    const back = await rig().store.pageMessages({ sessionId, limit: 3, after: older.prev as number });
    expect(ids(back.items)).toEqual(ids(newest.items));
    expect(back.next).toBe(newest.next);
  });

  test("[D-29, R-17.1] an exact limit has no further page, one more has", async () => {
    const sessionId = await sessionWith(rig(), 3);
    const exact = await rig().store.pageMessages({ sessionId, limit: 6 });
    expect(exact.items).toHaveLength(6);
    expect(exact).not.toHaveProperty("next");
    expect(exact).not.toHaveProperty("prev");
    const short = await rig().store.pageMessages({ sessionId, limit: 5 });
    expect(short.next).toBe(1);
    const rest = await rig().store.pageMessages({ sessionId, limit: 5, before: 1 });
    expect(rest.items.map(({ info }) => info.ordinal)).toEqual([0]);
    expect(rest).not.toHaveProperty("next");
    const large = await rig().store.pageMessages({ sessionId, limit: 200 });
    expect(large).toEqual(exact);
  });

  test("[D-29, R-17.1] a limit of one gives the newest; empty and unknown sessions give an empty page", async () => {
    const sessionId = await sessionWith(rig(), 2);
    const [newest] = (await rig().store.pageMessages({ sessionId, limit: 1 })).items;
    expect(newest?.info.ordinal).toBe(3);
    const empty = await rig().session();
    expect(await rig().store.pageMessages({ sessionId: empty, limit: 5 })).toEqual({ items: [], seq: 1 });
    expect(await rig().store.pageMessages({ sessionId: newId("ses"), limit: 5 })).toEqual({
      items: [],
      seq: 0,
    });
  });

  test("[D-29, R-17.2] pages hold one session's messages only, with all their parts in order", async () => {
    const mine = await rig().running();
    const other = await rig().running();
    const parts = Array.from({ length: 7 }, (_, index) =>
      textPart(placeOf(mine), `${index}`, { start: 1, end: 2 }),
    );
    for (const part of parts) {
      await rig().part(mine, part);
      await rig().part(other, textPart(placeOf(other), "other", { start: 1, end: 2 }));
    }
    const { items } = await rig().store.pageMessages({ sessionId: mine.session.id, limit: 10 });
    expect(items).toHaveLength(2);
    expect(items[1]?.parts).toEqual(parts.map((part, ordinal) => ({ ...part, ordinal })));
  });

  test("[D-29, R-17.3] the reverse stream gives a long history newest first, and nothing of an empty one", async () => {
    const sessionId = await sessionWith(rig(), size.longHistory);
    const streamed: (number | undefined)[] = [];
    for await (const message of rig().store.streamMessages(sessionId)) streamed.push(message.info.ordinal);
    expect(streamed).toEqual(
      Array.from({ length: 2 * size.longHistory }, (_, index) => 2 * size.longHistory - 1 - index),
    );
    const empty = await rig().session();
    expect(await rig().history(empty)).toEqual([]);
    expect(await rig().history(newId("ses"))).toEqual([]);
  });

  test("[D-29] what is appended while a reader streams back neither skips nor repeats", async () => {
    const sessionId = await sessionWith(rig(), size.longHistory);
    const seen: MessageId[] = [];
    let isAppended = false;
    for await (const message of rig().store.streamMessages(sessionId)) {
      seen.push(message.info.id);
      if (isAppended) continue;
      isAppended = true;
      await rig().exchange(sessionId);
    }
    expect(seen.toReversed()).toEqual(ids(await rig().history(sessionId)).slice(0, 2 * size.longHistory));
  });

  test("[D-29] turns page newest first", async () => {
    const sessionId = await sessionWith(rig(), 5);
    const whole = (await rig().store.listTurns({ sessionId, limit: 10 })).items.map(({ id }) => id);
    expect(whole).toHaveLength(5);
    const first = await rig().store.listTurns({ sessionId, limit: 3 });
    const second = await rig().store.listTurns({ sessionId, limit: 3, before: first.next as number });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(whole);
    expect(second).not.toHaveProperty("next");
    expect((await rig().store.listTurns({ sessionId, limit: 5 })).next).toBeUndefined();
  });

  test("[D-29] one row by id: found whole, or nothing", async () => {
    const sessionId = await sessionWith(rig(), 1);
    const [asked, answer] = await rig().history(sessionId);
    expect(await rig().store.getMessage(answer?.info.id as MessageId)).toEqual(answer);
    expect(await rig().store.messagesOfTurn((asked as Message).info.turnId)).toEqual([asked, answer]);
    for (const part of answer?.parts ?? []) expect(await rig().store.getPart(part.id)).toEqual(part);
    const nothing = [
      rig().store.getMessage(newId("msg")),
      rig().store.getPart(newId("prt")),
      rig().store.getTurn(newId("trn")),
      rig().store.getInput(newId("inp")),
      rig().store.getSession(newId("ses")),
      rig().store.getPermission(newId("per")),
      rig().store.getWorkspace(newId("wsp")),
      rig().store.epochOf(newId("ses")),
      rig().store.lastSeq(newId("ses")),
    ];
    expect(await Promise.all(nothing)).toEqual(nothing.map(() => undefined));
    expect(await rig().store.messagesOfTurn(newId("trn"))).toEqual([]);
  });
});
