import type { Message, Turn } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { Rows } from "../../test/rows.ts";
import type { HistoryAnswer, HistoryParams } from "../wire.ts";
import { readView } from "./read-view.ts";

/** A history as the server pages it: turns, newest first by when they began. */
function historyOf(turns: { turn: Partial<Turn>; messages: Message[] }[]) {
  const pages: HistoryParams[] = [];
  const newestFirst = turns.toReversed() as HistoryAnswer;
  const history = (page: HistoryParams): Promise<HistoryAnswer> => {
    pages.push(page);
    const from =
      page.before === undefined ? 0 : newestFirst.findIndex(({ turn }) => turn.id === page.before) + 1;
    return Promise.resolve(newestFirst.slice(from, from + page.limit));
  };
  return { history, pages };
}

const idsOf = (messages: readonly Message[]) => messages.map(({ info }) => info.id);

test("[R-16.1] what was steered into a turn stands where it was delivered", async () => {
  const rows = new Rows();
  const asked = rows.user("one");
  const first = rows.answer("1");
  const steered = rows.user("no, two");
  const second = rows.answer("2");
  const { history } = historyOf([
    { turn: { id: "trn_1" as Turn["id"] }, messages: [asked, first, second] },
    { turn: { id: "trn_2" as Turn["id"], mergedInto: "trn_1" as Turn["id"] }, messages: [steered] },
  ]);
  expect(idsOf(await readView({ history }))).toEqual(["msg_1", "msg_2", "msg_3", "msg_4"]);
});

test("[R-16.1] what is queued is not there", async () => {
  const rows = new Rows();
  const asked = rows.user("one");
  const queued = rows.user("later");
  delete queued.info.ordinal;
  const { history } = historyOf([{ turn: { id: "trn_1" as Turn["id"] }, messages: [asked, queued] }]);
  expect(idsOf(await readView({ history }))).toEqual(["msg_1"]);
});

test("[R-16.1] all pages are read, and none behind a summary", async () => {
  const rows = new Rows();
  const turns = Array.from({ length: 30 }, (_, index) => ({
    turn: { id: `trn_${index}` as Turn["id"] },
    messages: [rows.user(`${index}`), rows.answer("a")],
  }));
  const all = historyOf(turns);
  expect(await readView(all)).toHaveLength(60);
  expect(all.pages).toHaveLength(8);
  const last = turns.at(-1);
  last?.messages.push(rows.summary("sum"));
  const compacted = historyOf(turns);
  expect(idsOf(await readView(compacted))).toEqual(["msg_61"]);
  expect(compacted.pages).toHaveLength(1);
});

test("[R-16.1] no more is read than any model takes", async () => {
  const rows = new Rows();
  const large = "x".repeat(9 * 1024 * 1024);
  const turns = Array.from({ length: 5 }, (_, index) => ({
    turn: { id: `trn_${index}` as Turn["id"] },
    messages: [rows.user(large)],
  }));
  expect(await readView(historyOf(turns))).toHaveLength(3);
});
