/**
 * When a turn of opencode has ended. The stream's idle events decide nothing: an abort sends two of them, and the first one comes before
 * the text is final. They make us look, and this judges what was seen.
 */

/** The newest assistant message that the turn owns. `goesOn`: it stopped only to run its tools. */
export type NewestMessage = { id: string; settled: "no" | "completed" | "error"; goesOn: boolean };

/** What a look showed. `quietMs`: for how long looks have shown the same message and a session that is not busy. */
export type TurnSight = {
  newest: NewestMessage | undefined;
  isBusy: boolean;
  quietMs: number;
  /** The session reported an error since the prompt, which no message carries. */
  hasError: boolean;
  isCancelled: boolean;
};

/** `look`: look again soon. `stranded`: nothing works on it any more, and it will never end by itself. */
export type TurnJudgement = "wait" | "look" | "ended" | "stranded";

/** A session that is not busy begins the next step within this time, or never: after a rejected permission the loop stops there. */
export const SETTLE_MS = 2_000;

/** How long an accepted prompt may stay without an answer or an error, or an answer without its end, in a session that is not busy. */
export const STRANDED_MS = 30_000;

/** Judges one look. Pure: its table is the test. */
export function judgeTurn({ newest, isBusy, quietMs, hasError, isCancelled }: TurnSight): TurnJudgement {
  if (isBusy) return "wait";
  if (newest === undefined) {
    if ((hasError || isCancelled) && quietMs >= SETTLE_MS) return "ended";
    return quietMs >= STRANDED_MS ? "stranded" : "look";
  }
  if (newest.settled === "error") return "ended";
  if (newest.settled === "completed") return !newest.goesOn || quietMs >= SETTLE_MS ? "ended" : "look";
  return quietMs >= STRANDED_MS ? "stranded" : "look";
}
