/**
 * A session's history as rows of a list: what a person reads, one row per thing, so that a long answer is drawn in pieces (I-16).
 * Pure; rows of a message that did not change are the same objects again, so that only what changed is drawn.
 */
import type { SessionState } from "@holdfast/client";
import {
  type DiffTotals,
  isTerminal,
  type Message,
  type Part,
  type RetryStatus,
  type Turn,
} from "@holdfast/protocol";
import type { ReactNode } from "react";
import { type JsonAnswer, jsonAnswerOf } from "./json-answer.ts";

export type Row =
  /** `by`: who asked, where it was not the owner but the holder of a ref. */
  | { kind: "user"; key: string; message: Message; by?: string }
  /** Who answers, above the first part of an answer, and how the turn found its agent. */
  | SpeakerRow
  /** `answer`: of a call that is the answer as JSON. `isSummary`: of what stands for earlier messages. */
  | {
      kind: "part";
      key: string;
      messageId: string;
      part: Part;
      isOpen: boolean;
      isSummary: boolean;
      answer: JsonAnswer | undefined;
    }
  /** `isTold`: why it is tried again stands right above. */
  | { kind: "working"; key: string; turn: Turn; retry?: RetryStatus; isTold?: boolean }
  /** What stands below a message and is not of the session itself. */
  | { kind: "note"; key: string; messageId: string; note: ReactNode }
  | EndRow;

/** `totals`: what the turn changed of the files, where that is known and its message is loaded. */
type EndRow = {
  kind: "end";
  key: string;
  turn: Turn;
  messageId: string | undefined;
  totals: DiffTotals | undefined;
  /** Another turn goes on from it. */
  isResumed: boolean;
};

type SpeakerRow = {
  kind: "speaker";
  key: string;
  messageId: string;
  agent: string;
  turnId: string;
  time: number;
  opened: Turn["opened"];
  openedBy: Turn["openedBy"];
  /** Which model answers, where it is not the one that was asked for. */
  otherModel: string | undefined;
};

/** Parts that say nothing to a person. */
const SILENT: ReadonlySet<Part["type"]> = new Set(["step-start", "step-finish"]);

const cache = new WeakMap<Message, readonly Row[]>();

/** What stands below messages, by their ids: a key that is unique among them, and what is shown. */
export type Notes = { get(messageId: string): readonly { key: string; note: ReactNode }[] | undefined };

/** The rows of everything that is loaded, in order. */
export function rowsOf(state: Pick<SessionState, "messages" | "turns" | "retry">, notes?: Notes): Row[] {
  const rows: Row[] = [];
  const { messages, turns } = state;
  let speaker: string | undefined;
  let totals: DiffTotals | undefined;
  const last = lastOfTurns(messages, turns);
  const resumed = new Set(Object.values(turns).map(({ resumes }) => resumes));
  for (const [index, message] of messages.entries()) {
    const { info } = message;
    if (info.role === "user") {
      speaker = undefined;
      if (turns[info.turnId]?.messageId === info.id) totals = info.summary?.totals;
    } else if (speaker !== info.turnId) {
      rows.push(speakerRow(message, turns[info.turnId]));
      speaker = info.turnId;
    }
    rows.push(...withAsker(messageRows(message), turns[info.turnId]));
    for (const { key, note } of notes?.get(info.id) ?? [])
      rows.push({ kind: "note", key, messageId: info.id, note });
    for (const turn of turnsOf(info, turns))
      if (last.get(turn.id) === index)
        rows.push(...endRows(turn, resumed.has(turn.id), info.id, totals, tryAgain(state.retry, rows)));
  }
  return rows;
}

/** The turn of a message, and the one that it went into. */
function turnsOf(info: Message["info"], turns: SessionState["turns"]): Turn[] {
  const own = turns[info.turnId];
  const running = own?.mergedInto === undefined ? undefined : turns[own.mergedInto];
  return [own, running].filter((turn) => turn !== undefined);
}

/** Where each turn ends: behind its last message, and behind those that went into it. */
function lastOfTurns(messages: readonly Message[], turns: SessionState["turns"]): Map<string, number> {
  const last = new Map<string, number>();
  for (const [index, { info }] of messages.entries())
    for (const turn of turnsOf(info, turns)) last.set(turn.id, index);
  return last;
}

const speakers = new WeakMap<Message["info"], SpeakerRow>();

function speakerRow({ info }: Message, turn: Turn | undefined): Row {
  const kept = speakers.get(info);
  const { opened, openedBy } = turn ?? {};
  if (kept !== undefined && kept.opened === opened && kept.openedBy === openedBy) return kept;
  const row: SpeakerRow = {
    kind: "speaker",
    key: `speaker ${info.id}`,
    messageId: info.id,
    agent: info.agent,
    turnId: info.turnId,
    time: info.time.created,
    opened,
    openedBy,
    otherModel: info.role === "assistant" && info.askedModel !== undefined ? info.model?.modelId : undefined,
  };
  speakers.set(info, row);
  return row;
}

const asked = new WeakMap<Row, Row>();

/** A message that came through a ref says from whom (S-16). */
function withAsker(rows: readonly Row[], turn: Turn | undefined): readonly Row[] {
  const [row] = rows;
  if (row?.kind !== "user" || turn?.actor.kind !== "ref") return rows;
  const kept = asked.get(row) ?? { ...row, by: turn.actor.label };
  asked.set(row, kept);
  return [kept];
}

function messageRows(message: Message): readonly Row[] {
  const kept = cache.get(message);
  if (kept !== undefined) return kept;
  const { info, parts } = message;
  const rows: Row[] =
    info.role === "user"
      ? [{ kind: "user", key: info.id, message }]
      : parts
          .filter((part) => !SILENT.has(part.type) && !isBlank(part))
          .map((part) => ({
            kind: "part",
            key: part.id,
            messageId: info.id,
            part,
            isOpen: info.time.completed === undefined,
            isSummary: info.summary === true,
            answer: jsonAnswerOf(part, info),
          }));
  cache.set(message, rows);
  return rows;
}

function isBlank(part: Part): boolean {
  return (part.type === "text" || part.type === "reasoning") && part.text.trim() === "";
}

function endRows(
  turn: Turn,
  isResumed: boolean,
  messageId: string,
  totals: DiffTotals | undefined,
  again: { retry?: RetryStatus; isTold?: boolean },
): Row[] {
  if (isTerminal(turn.state))
    return [{ kind: "end", key: `end ${turn.id}`, turn, messageId, totals, isResumed }];
  if (turn.state === "queued") return [];
  return [{ kind: "working", key: `working ${turn.id}`, turn, ...again }];
}

function tryAgain(retry: RetryStatus | undefined, rows: readonly Row[]) {
  const last = rows.at(-1);
  const isTold = last?.kind === "part" && last.part.type === "retry";
  return retry === undefined ? {} : { retry, isTold };
}
