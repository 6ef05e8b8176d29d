import { expect, test } from "vitest";
import { carryOver } from "./carry-over.ts";
import { Ledger } from "./ledger.ts";
import { judge } from "./oracle.ts";
import { eventsOf, exchange, ledgerOf, pictureOf, SESSION, story } from "./oracle/fixture.ts";

const asked = () => ledgerOf(exchange({ method: "DELETE", path: `/api/sessions/${SESSION}` }, undefined));
const seen = (listed: readonly string[]) =>
  pictureOf(eventsOf(story()), undefined, { listed: new Set(listed) });
const complaints = (ledger: Ledger, listed: readonly string[]) =>
  judge(ledger, seen(listed)).filter((wrong) => wrong.includes(`session ${SESSION}`));

test("[D-26] a deletion that nobody answered and that happened stays happened in the next set", () => {
  const before = asked();
  before.created.add(SESSION);
  const carried = carryOver(before, new Set(), [SESSION]);
  expect(carried).toEqual({ created: [SESSION], deleted: [SESSION], retired: [] });
  expect(complaints(new Ledger(carried), [])).toEqual([]);
  expect(complaints(new Ledger(carried), [SESSION])).toHaveLength(1);
});

test("[D-26] one that did not happen leaves a session that must be there and may be deleted later", () => {
  const before = asked();
  before.created.add(SESSION);
  const carried = carryOver(before, new Set([SESSION]), [SESSION]);
  expect(carried).toEqual({ created: [SESSION], deleted: [], retired: [SESSION] });
  expect(complaints(new Ledger(carried), [SESSION])).toEqual([]);
  expect(complaints(new Ledger(carried), [])).toHaveLength(1);
});
