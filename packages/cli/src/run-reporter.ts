/** What `run` prints while it follows a turn, in its three modes (I-10). */
import {
  EVENT_VERSION,
  type FeedEvent,
  isTerminal,
  type Message,
  type Part,
  type SessionEvent,
  type Turn,
} from "@holdfast/protocol";
import type { ExitCode } from "./exit-code.ts";
import type { Followed, TurnReporter } from "./follow-turn.ts";
import type { Output } from "./output.ts";
import { changedText, endText, TurnText } from "./turn-text.ts";

export type RunReporter = Omit<TurnReporter, "trouble" | "hold"> & {
  /** Why it has to wait, and what can be done about it. */
  hold(lines: readonly string[]): void;
  /** A question begins or ends. What the agent says meanwhile comes behind it: nothing pushes it out of sight or passes for it (I-23). */
  asks(isOpen: boolean): void;
  /** The turn has ended. */
  done(followed: Followed, exitCode: ExitCode): void;
  /** There is no final state to tell of. */
  failed(code: string, message: string, exitCode: ExitCode): void;
};

/** `value`: the value that was asked for by a schema, and nothing else of the answer. */
export type RunMode = "text" | "value" | "json" | "stream-json";

export function createRunReporter(mode: RunMode, output: Output): RunReporter {
  if (mode === "text") return textReporter(output);
  if (mode === "value") return valueReporter(output);
  return mode === "json" ? jsonReporter(output) : streamReporter(output);
}

function textReporter(output: Output): RunReporter {
  const text = new TurnText(output);
  let behind: Map<string, Part> | undefined;
  const asks = (isOpen: boolean) => {
    for (const part of behind?.values() ?? []) text.part(part);
    text.end();
    behind = isOpen ? new Map() : undefined;
  };
  return {
    event: () => undefined,
    part: (part: Part) => void (behind === undefined ? text.part(part) : behind.set(part.id, part)),
    asks,
    hold(lines) {
      text.end();
      for (const line of lines) output.note(output.err.yellow(line));
    },
    done({ turn, messages }) {
      asks(false);
      const line = endText(turn);
      if (line !== undefined) output.note(output.err.red(line));
      const changed = changedText(turn, messages);
      if (changed !== undefined) output.note(output.err.dim(changed));
    },
    failed: () => asks(false),
  };
}

/** The value on stdout; what the agent does and how the turn ended on stderr. */
function valueReporter(output: Output): RunReporter {
  const text = textReporter(output);
  return {
    ...text,
    part: (part) => (part.type === "text" ? undefined : text.part(part)),
    done(followed, exitCode) {
      const { info } =
        followed.messages.findLast((message) => isAnswer(message) && "structured" in message.info) ?? {};
      if (info?.role === "assistant" && followed.turn.state === "completed") output.json(info.structured);
      text.done(followed, exitCode);
    },
  };
}

const isAnswer = ({ info }: Message): boolean => info.role === "assistant";

/** One object: the turn with its messages, or the error. */
function jsonReporter(output: Output): RunReporter {
  return {
    event: () => undefined,
    part: () => undefined,
    asks: () => undefined,
    hold: (lines) => output.note(lines.join("\n")),
    done: ({ turn, messages }, exitCode) => output.json({ turn, messages, exitCode }),
    failed: (code, message, exitCode) => output.json({ error: { code, message }, exitCode }),
  };
}

/**
 * The API's events, one per line. The terminal record, the last line and the only one of its kind, is the final event of the turn; when
 * there is none, `{type: "error", code, message, exitCode}`.
 */
function streamReporter(output: Output): RunReporter {
  let terminal: SessionEvent | undefined;
  return {
    event(event, turnId) {
      const isOther = event.turnId !== undefined && event.turnId !== turnId;
      const isEnd = "turn" in event.data && isTerminal(event.data.turn.state);
      if (isOther && isEnd) return;
      if (isEnd) terminal = event;
      else output.json(event);
    },
    part: () => undefined,
    asks: () => undefined,
    hold: (lines) => output.note(lines.join("\n")),
    // After a reset the event itself may be gone; its row says the same.
    done: ({ turn }) => output.json(terminal ?? eventOf(turn)),
    failed: (code, message, exitCode) => output.json({ type: "error", code, message, exitCode }),
  };
}

/** The final event of a turn as a feed would show it: without a place in the session's stream. */
function eventOf(turn: Turn): FeedEvent {
  return {
    type: `turn.${turn.state}`,
    version: EVENT_VERSION,
    sessionId: turn.sessionId,
    turnId: turn.id,
    time: turn.time.ended ?? turn.time.queued,
    data: { turn },
  };
}
