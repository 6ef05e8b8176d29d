import type { DiffTotals, Part, UserMessage } from "@holdfast/protocol";

/** Longest title and body of a summary, in characters: they are for lists, the parts say it all. */
const TITLE_LENGTH = 100;
const BODY_LENGTH = 500;

/** What became of what was asked; `undefined` when there is nothing to say. `answer`: the text that was said last. */
export function summaryOf(
  asked: readonly Part[],
  answer: string | undefined,
  totals: DiffTotals | undefined,
): UserMessage["summary"] {
  const words = asked.flatMap((part) =>
    part.type === "text" && part.synthetic !== true && part.ignored !== true ? part.text.split("\n") : [],
  );
  const title = words.find((line) => line.trim() !== "");
  const body = answer?.trim();
  const summary: NonNullable<UserMessage["summary"]> = {};
  if (title !== undefined) summary.title = shortened(title.trim(), TITLE_LENGTH);
  if (body !== undefined && body !== "") summary.body = shortened(body, BODY_LENGTH);
  if (totals !== undefined) summary.totals = totals;
  return Object.keys(summary).length === 0 ? undefined : summary;
}

function shortened(text: string, length: number): string {
  // Nobody needs the characters of a text of megabytes to cut it.
  const points = Array.from(text.slice(0, 2 * length + 2));
  return points.length <= length ? text : `${points.slice(0, length - 3).join("")}...`;
}
