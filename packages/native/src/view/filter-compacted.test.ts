import type { Message } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { Rows } from "../../test/rows.ts";
import { filterCompacted } from "./filter-compacted.ts";

const idsOf = (messages: readonly Message[]) => messages.map(({ info }) => info.id);
const filtered = async (rows: Rows) => idsOf(await filterCompacted(rows.newestFirst));

function talk(): Rows {
  const rows = new Rows();
  rows.user("one");
  rows.answer("1");
  rows.user("two");
  rows.answer("2");
  return rows;
}

describe("[R-16.1] what of the history the model still gets", () => {
  test("without a compaction all of it, and of nothing nothing", async () => {
    expect(await filtered(talk())).toEqual(["msg_1", "msg_2", "msg_3", "msg_4"]);
    expect(await filterCompacted([])).toEqual([]);
  });

  test("nothing before a summary", async () => {
    const rows = talk();
    rows.summary("sum");
    rows.user("three");
    expect(await filtered(rows)).toEqual(["msg_5", "msg_6"]);
  });

  test("its tail stands behind the summary, from a question", async () => {
    const rows = talk();
    rows.summary("sum", { tailStartId: "msg_3" as Message["info"]["id"] });
    rows.user("three");
    rows.answer("3");
    expect(await filtered(rows)).toEqual(["msg_5", "msg_3", "msg_4", "msg_6", "msg_7"]);
  });

  test("and from an answer", async () => {
    const rows = talk();
    rows.summary("sum", { tailStartId: "msg_4" as Message["info"]["id"] });
    rows.answer("3");
    expect(await filtered(rows)).toEqual(["msg_5", "msg_4", "msg_6"]);
  });

  test("of two compactions the newer, with a tail that goes over the older", async () => {
    const rows = talk();
    rows.summary("sum", { tailStartId: "msg_3" as Message["info"]["id"] });
    rows.user("three");
    rows.answer("3");
    rows.summary("more", { tailStartId: "msg_4" as Message["info"]["id"] });
    rows.user("four");
    expect(await filtered(rows)).toEqual(["msg_8", "msg_4", "msg_6", "msg_7", "msg_9"]);
  });

  test.each<[string, (rows: Rows) => void]>([
    ["without words", (rows) => void rows.summary("")],
    [
      "that failed",
      (rows) => void rows.summary("s", {}, { error: { name: "UnknownError", data: { message: "" } } }),
    ],
    [
      "that is not finished",
      (rows) => {
        const { info } = rows.summary("sum");
        if (info.role === "assistant") delete info.finish;
      },
    ],
    ["without a compaction", (rows) => void rows.answer("sum", { summary: true })],
    ["of another agent", (rows) => void rows.summary("sum", {}, { agent: "opencode" })],
  ])("a summary %s takes the place of nothing", async (_, add) => {
    const rows = talk();
    add(rows);
    expect(await filtered(rows)).toEqual(["msg_1", "msg_2", "msg_3", "msg_4", "msg_5"]);
  });

  test("a tail that is gone is none", async () => {
    const rows = talk();
    rows.summary("sum", { tailStartId: "msg_99" as Message["info"]["id"] });
    rows.user("three");
    expect(await filtered(rows)).toEqual(["msg_5", "msg_6"]);
  });

  test("of an overflow only what was asked is kept", async () => {
    const rows = talk();
    rows.summary("sum", { overflow: true, tailStartId: "msg_3" as Message["info"]["id"] });
    rows.answer("3");
    expect(await filtered(rows)).toEqual(["msg_5", "msg_3", "msg_6"]);
  });

  test("reads no further than it has to", async () => {
    const rows = talk();
    rows.summary("sum", { tailStartId: "msg_4" as Message["info"]["id"] });
    const read: string[] = [];
    function* counted() {
      for (const message of rows.newestFirst) {
        read.push(message.info.id);
        yield message;
      }
    }
    await filterCompacted(counted());
    expect(read).toEqual(["msg_5", "msg_4"]);
  });
});
