import {
  isOwnWorkPart,
  type Message,
  type RetryStatus,
  type Turn,
  type WaitingFor,
} from "@holdfast/protocol";
import { memo } from "react";
import { OpenedChip } from "../agents/index.ts";
import { Chip, Exact, moment, span } from "../design/index.ts";
import { Attachment } from "./attachment.tsx";
import { JsonResult } from "./json-result.tsx";
import { OwnWorkLine } from "./own-work.tsx";
import { PartView, SubtaskLine } from "./part-view.tsx";
import { useMoment } from "./past.tsx";
import { Preambles } from "./preamble.tsx";
import { useReader } from "./reader.tsx";
import type { Row } from "./rows.ts";
import { TurnEnd } from "./turn-end.tsx";

/** One row of the transcript. */
export const RowView = memo(function RowView({ row, sessionId }: { row: Row; sessionId: string }) {
  switch (row.kind) {
    case "user":
      return <UserMessage message={row.message} by={row.by} sessionId={sessionId} />;
    case "speaker":
      return (
        <h3 className="flex items-center gap-2 pt-3 pb-1 text-sm font-semibold" title={moment(row.time)}>
          {row.agent}
          <OpenedChip turn={row} />
          {row.otherModel !== undefined && (
            <Chip title="Another model than the one that was asked for">{row.otherModel}</Chip>
          )}
        </h3>
      );
    case "part":
      return row.answer === undefined ? (
        <PartView part={row.part} isOpen={row.isOpen} isSummary={row.isSummary} sessionId={sessionId} />
      ) : (
        <JsonResult answer={row.answer} />
      );
    case "note":
      return row.note;
    case "working":
      return <Working turn={row.turn} retry={row.retry} isTold={row.isTold === true} />;
    case "end":
      return <TurnEnd turn={row.turn} totals={row.totals} isResumed={row.isResumed} />;
  }
});

type UserMessageProps = { message: Message; by: string | undefined; sessionId: string };

function UserMessage({ message, by, sessionId }: UserMessageProps) {
  const { info, parts } = message;
  const isReader = useReader() !== undefined;
  if (parts.some(isOwnWorkPart)) return <OwnWorkLine info={info} />;
  return (
    <article
      aria-label={isReader || by !== undefined ? "Asked" : "You"}
      className="flex justify-end pt-4 pb-1"
      title={moment(info.time.created)}
    >
      <div className="flex max-w-[85%] min-w-0 flex-col items-end gap-2">
        {by !== undefined && (
          <Chip tone="accent" title="Asked through a link that you gave">
            <Exact text={by === "" ? "through a link" : by} as="words" />
          </Chip>
        )}
        {parts.map((part) => {
          if (part.type === "text" && part.synthetic !== true)
            return (
              <div
                key={part.id}
                dir="auto"
                className="max-w-full rounded-lg bg-selected px-3.5 py-2 break-words whitespace-pre-wrap"
              >
                {part.text}
              </div>
            );
          if (part.type === "file") return <Attachment key={part.id} part={part} sessionId={sessionId} />;
          if (part.type === "subtask") return <SubtaskLine key={part.id} part={part} />;
          if (part.type === "agent") return <Chip key={part.id}>@{part.name}</Chip>;
          return null;
        })}
        <Preambles agent={info.agent} parts={parts} />
      </div>
    </article>
  );
}

type WorkingProps = { turn: Turn; retry: RetryStatus | undefined; isTold: boolean };

/** What a running turn does, in words that are true: opening, working, waiting for its next try, silent, stopping, writing down. */
function Working({ turn, retry, isTold }: WorkingProps) {
  const now = useMoment(1_000);
  const { started } = turn.time;
  return (
    <div role="status" className="flex items-center gap-2 py-2 text-sm text-ink-soft">
      <span className="pulse-soft size-2 rounded-full bg-busy" />
      {retry !== undefined && turn.stopping === undefined ? (
        <span className="min-w-0 truncate">
          <span className="tabular-nums">
            {retry.next > now ? `Tries again in ${span(retry.next - now)}` : "Tries again"}
          </span>
          {!isTold && (
            <>
              : <bdi dir="auto">{retry.message}</bdi>
            </>
          )}
        </span>
      ) : (
        workOf(turn)
      )}
      {started !== undefined && (
        <span className="text-ink-faint tabular-nums">{span(Math.max(0, now - started))}</span>
      )}
    </div>
  );
}

/** What it waits for; a running turn waits for the storage alone. */
const WAITING: Record<WaitingFor["kind"], string> = {
  workspace: "Waiting for another session of this directory",
  pool: "Waiting for a place among the agents",
  circuit: "Waiting until the agent may be started again",
  storage: "Waiting for the server's storage; it goes on by itself",
  host: "Waiting for its machine",
  limit: "Waiting until the agent's usage limit is over",
  turn: "Waiting for the turn before it",
};

function workOf(turn: Turn): string {
  if (turn.state === "finalizing") return "Writing down the result";
  if (turn.stopping !== undefined) return "Stopping";
  if (turn.waitingFor !== undefined) return WAITING[turn.waitingFor.kind];
  if (turn.stalled !== undefined) return "No sign from the agent for a while";
  return turn.opened === undefined ? "Opening the agent" : "Working";
}
