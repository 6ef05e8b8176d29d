/**
 * Holds what was acknowledged against what the restarted server has (durability 11). Pure over a `Ledger` and a `Picture` of the server, so that its
 * own tests can doctor both.
 */
import type { Ledger } from "./ledger.ts";
import { wrongCalls } from "./oracle/calls.ts";
import { lostInputs } from "./oracle/inputs.ts";
import type { Picture } from "./oracle/picture.ts";
import { lostRows } from "./oracle/rows.ts";
import { lostSessions, lostTitles } from "./oracle/sessions.ts";
import { doubles, lostBlobs, lostText } from "./oracle/texts.ts";
import { changedEnds, lostCancels, lostReplies, stuckTurns, wrongTotals } from "./oracle/turns.ts";

export { compareAtRest } from "./oracle/at-rest.ts";
export type { Picture, SessionPicture } from "./oracle/picture.ts";

/** What is wrong, in words; empty when every promise was kept. The ledger holds what came before the picture was taken. */
export function judge(ledger: Ledger, picture: Picture): string[] {
  return [
    ...ledger.violations,
    ...lostSessions(ledger, picture),
    ...lostTitles(ledger, picture),
    ...lostInputs(ledger, picture),
    ...lostRows(ledger, picture),
    ...lostText(ledger, picture),
    ...doubles(ledger, picture),
    ...lostBlobs(picture),
    ...changedEnds(ledger, picture),
    ...lostCancels(ledger, picture),
    ...stuckTurns(picture),
    ...lostReplies(ledger, picture),
    ...wrongTotals(picture),
    ...wrongCalls(picture),
    ...brokenStore(picture),
    ...picture.survivors.map((pid) => `agent process ${pid} of a dead server is alive`),
  ];
}

function brokenStore({ diagnostics }: Picture): string[] {
  const { integrity, foreignKeys, drift, stuckTurns: stuck, leftoverProcesses } = diagnostics;
  return [...integrity, ...foreignKeys, ...drift, ...stuck, ...leftoverProcesses].map(
    (finding) => `doctor: ${finding}`,
  );
}
