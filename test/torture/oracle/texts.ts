/** Text that was told stays where it was told, and nothing of an answer is there twice (D-12, D-13). */
import { isCorrectionPart, isOwnWorkPart, type Message, type Part } from "@holdfast/protocol";
import type { Ledger } from "../ledger.ts";
import { textOfParts } from "../ledger/input-book.ts";
import { isOpenPart } from "../ledger/may-become.ts";
import { fieldOf, isInterrupted } from "../ledger/text-book.ts";
import { SUBTASK_PROMPT } from "../prompts.ts";
import type { Picture } from "./picture.ts";

/** Every acknowledged delta is in its part's text, in its place; a call's own end may give its output anew (D-16). */
export function lostText(ledger: Ledger, picture: Picture): string[] {
  const parts = new Map<string, Part>();
  for (const { messages } of picture.sessions.values())
    for (const message of messages) for (const part of message.parts) parts.set(part.id, part);
  return ledger.deltas.flatMap(({ sessionId, partId, field, offset, text, isReplaced }) => {
    if (ledger.deletions.has(sessionId) || isReplaced) return [];
    const part = parts.get(partId);
    const now = part === undefined ? undefined : fieldOf(part, field);
    if (now?.slice(offset, offset + text.length) === text) return [];
    if (part !== undefined && field === "output" && !isOpenPart(part) && !isInterrupted(part)) return [];
    return [`delta ${field}[${offset}, ${offset + text.length}) of ${partId} was acknowledged and is gone`];
  });
}

/** Ids and places are given once, and one prompt has one answer that says its first line once. */
export function doubles(ledger: Ledger, picture: Picture): string[] {
  const wrong: string[] = [];
  for (const [id, { messages }] of picture.sessions) {
    const parts = messages.flatMap((message) => message.parts);
    wrong.push(
      ...repeated(messages.map(({ info }) => info.id)).map(
        (twice) => `${id}: message ${twice} is there twice`,
      ),
    );
    wrong.push(
      ...repeated(parts.map((part) => part.id)).map((twice) => `${id}: part ${twice} is there twice`),
    );
    wrong.push(...messages.flatMap((message) => sameText(message)));
    // What stands where its agent began by itself asks nothing, and what tells why an answer was not accepted asks for the same once more.
    const isServers = (part: Part) => isOwnWorkPart(part) || isCorrectionPart(part);
    const asking = messages.filter((each) => each.info.role === "user" && !each.parts.some(isServers));
    const askers = asking.map(({ info }) => info.turnId);
    wrong.push(...repeated(askers).map((twice) => `${id}: turn ${twice} asks twice`));
    const places = messages.map(({ info }) => info.ordinal ?? 0);
    if (places.some((place, index) => index > 0 && place <= (places[index - 1] ?? 0)))
      wrong.push(`${id}: messages stand at ${places.join(", ")}`);
  }
  return [...wrong, ...saidTwice(ledger, picture), ...promptedTwice(ledger, picture)];
}

/** No prompt is given to an agent again, and no subtask's: its effects may be there already (D-19, R-9.1). */
function promptedTwice(ledger: Ledger, { prompts }: Picture): string[] {
  const sent = new Set([...ledger.inputs.sent.values()].map(({ text }) => text));
  const isOnce = (prompt: string) => sent.has(prompt) || prompt.startsWith(SUBTASK_PROMPT);
  return repeated(prompts.filter(isOnce)).map(
    (prompt) => `an agent was given twice: ${JSON.stringify(prompt)}`,
  );
}

/** Content stands before the row that names it (D-28). */
export function lostBlobs(picture: Picture): string[] {
  return [...picture.sessions].flatMap(([id, { brokenBlobs }]) => brokenBlobs.map((why) => `${id}: ${why}`));
}

const repeated = (values: readonly string[]): string[] =>
  values.filter((value, index) => values.indexOf(value) !== index);

/** Two neighbours of one answer with the same text are one part that was written twice. */
function sameText({ info, parts }: Message): string[] {
  if (info.role === "user") return [];
  return parts.flatMap((part, index) => {
    const before = parts[index - 1];
    const isDouble =
      before?.type === part.type &&
      (part.type === "text" || part.type === "reasoning") &&
      "text" in before &&
      before.text === part.text &&
      part.text !== "";
    return isDouble ? [`${part.id} says what ${before.id} says`] : [];
  });
}

const isOfFailedTry = (part: Part): boolean => "attempt" in part && part.attempt !== undefined;

/** The rehearsal agent repeats a line `SAY <mark>`; a mark that was sent once is said once. */
function saidTwice(ledger: Ledger, picture: Picture): string[] {
  const spoken = new Map(
    [...picture.sessions].map(([id, { messages }]) => {
      const answers = messages.filter(({ info }) => info.role === "assistant");
      // What a try said that failed is told apart, and said again.
      const parts = answers.flatMap((answer) => answer.parts.filter((part) => !isOfFailedTry(part)));
      return [id, textOfParts(parts)];
    }),
  );
  return [...ledger.inputs.sent.values()].flatMap(({ sessionId, text }) => {
    const mark = /^SAY (\S+)$/m.exec(text)?.[1];
    const count = mark === undefined ? 0 : (spoken.get(sessionId) ?? "").split(mark).length - 1;
    return count > 1 ? [`${sessionId}: ${mark} was asked once and said ${count} times`] : [];
  });
}
