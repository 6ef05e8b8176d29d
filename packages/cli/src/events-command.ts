import type { SessionEvent } from "@holdfast/protocol";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { GIVE_UP_MS } from "./follow-turn.ts";
import { onInterrupt } from "./interrupts.ts";
import { oneLine } from "./output.ts";

type Flags = { after?: number; follow?: boolean; output: "text" | "stream-json" };

/**
 * Prints a session's events: all that are kept, or with --follow those from now on; --after names the place. For programs one JSON object
 * per line, at the end one record `{type: "end", reason, lastSeq}`.
 */
export async function events(context: Context, sessionId: string, flags: Flags): Promise<ExitCode> {
  const { output } = context;
  const isText = flags.output === "text" && !context.isJson && process.stdout.isTTY;
  const stop = new AbortController();
  const forget = onInterrupt(
    () => stop.abort(),
    () => process.exit(EXIT.interrupted),
  );
  const after = flags.after ?? (flags.follow === true ? undefined : 0);
  let lastSeq = after ?? 0;
  let reason = "deleted";
  let goneSince: number | undefined;
  const { client } = context.connect();
  try {
    const cursor = after === undefined ? {} : { after };
    for await (const item of client.streamSession({ sessionId, ...cursor, signal: stop.signal })) {
      if (item.kind === "event") {
        lastSeq = item.event.seq;
        if (isText) output.line(lineOf(item.event));
        else output.json(item.event);
      } else if (item.kind === "reset") {
        const why = item.reason === "tooLong" ? "are too long to be read" : `are not kept (${item.reason})`;
        output.note(`The events after ${lastSeq} ${why}; going on from ${item.lastSeq}.`);
        lastSeq = item.lastSeq;
        if (flags.follow !== true && item.reason !== "tooLong") break;
      } else if (item.kind === "hello") {
        goneSince = undefined;
      } else if (item.kind === "disconnected") {
        goneSince ??= performance.now();
        if (flags.follow !== true || performance.now() - goneSince > GIVE_UP_MS) throw item.error;
        output.note(`Connection lost, trying again: ${item.error.message}`);
      } else if (item.kind === "caught-up" && flags.follow !== true) {
        reason = "caught-up";
        break;
      }
    }
  } finally {
    forget();
  }
  const isInterrupted = stop.signal.aborted;
  if (!isText) output.json({ type: "end", reason: isInterrupted ? "interrupted" : reason, lastSeq });
  return isInterrupted ? EXIT.interrupted : EXIT.completed;
}

function lineOf(event: SessionEvent): string {
  const time = new Date(event.time).toISOString().slice(11, 23);
  return `${String(event.seq).padStart(6)}  ${time}  ${event.type.padEnd(22)}  ${oneLine(JSON.stringify(event.data), 100)}`;
}
