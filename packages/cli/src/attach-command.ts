/**
 * `holdfast attach`: a session in the terminal, for as long as the person wants. Leaving it, however it happens, does nothing to the session.
 * Faces of one `Attachment`: a screen for a person, plain lines without a terminal, records or one object for programs (I-10).
 */
import { createInterface } from "node:readline/promises";
import type { SessionState } from "@holdfast/client";
import { isTerminal, type SessionEvent } from "@holdfast/protocol";
import { LINE_COMMANDS } from "./attach-line.ts";
import { activityOf, countdownOf, isQuestion, oldestAsked, queueLines } from "./attach-state.ts";
import { Attachment, type Face, type Outcome } from "./attachment.ts";
import { shorten } from "./columns.ts";
import type { Context } from "./context.ts";
import { describe } from "./describe-error.ts";
import type { ExitCode } from "./exit-code.ts";
import { errorCodeOf, exitCodeOf } from "./exit.ts";
import { exactLine, oneLine, type Output, withoutControls } from "./output.ts";
import { Screen } from "./screen.ts";
import { TranscriptPrinter } from "./transcript-printer.ts";

export type AttachFlags = { messages: number; output: "text" | "stream-json" };

/** How long the server may be gone before a program is told, and before a person is, in ms. */
const GIVE_UP_MS = 60_000;
const MIN_COLUMNS = 20;
/** Between two looks at a countdown, in ms. */
const TICK_MS = 5_000;
const GIVE_UP_SCREEN_MS = 24 * 60 * 60_000;

export async function attach(context: Context, sessionId: string, flags: AttachFlags): Promise<ExitCode> {
  if (flags.output === "stream-json") return records(context, sessionId);
  if (context.isJson) return oneObject(context, sessionId);
  const isScreen =
    context.settings.isInteractive && process.stdout.isTTY && process.stdout.columns >= MIN_COLUMNS;
  return isScreen ? onScreen(context, sessionId, flags) : plainly(context, sessionId, flags);
}

async function onScreen(context: Context, sessionId: string, flags: AttachFlags): Promise<ExitCode> {
  const colors = context.output.out;
  const attachment = new Attachment(context, { sessionId, giveUpMs: GIVE_UP_SCREEN_MS, isPiped: false });
  let screen: Screen | undefined;
  const output: Output = {
    ...context.output,
    err: colors,
    write: (text) => screen?.write(text),
    note: (text) => screen?.line(text),
  };
  const face: Face = {
    ...textFace(output, flags, (state) => {
      screen = openScreen(attachment);
      output.note(colors.dim(titleOf(state)));
    }),
    changed(state) {
      screen?.setState(stateLines(state, attachment, colors), colors.bold(attachment.asks ?? "> "));
    },
    isTyping: () => screen !== undefined && screen.typed !== "",
  };
  const ticking = setInterval(() => attachment.look(), TICK_MS);
  attachment.whenOver(() => clearInterval(ticking));
  try {
    const outcome = await attachment.run(face);
    screen?.close();
    return finish(context.output, outcome);
  } catch (error) {
    screen?.close();
    return fail(context, error);
  }
}

function openScreen(attachment: Attachment): Screen {
  const names = LINE_COMMANDS.map(([name]) => name.split(" ")[0] ?? name);
  return new Screen(
    { input: process.stdin, output: process.stdout },
    {
      line: (text) => void attachment.line(text),
      interrupt: () => attachment.interrupt(),
      end: () => attachment.leave("left"),
      key: () => attachment.look(),
      complete: (line) => names.filter((name) => line !== "" && name.startsWith(line)),
    },
  );
}

function stateLines(state: SessionState, attachment: Attachment, colors: Output["out"]): string[] {
  const activity = activityOf(state);
  const countdown = countdownOf(state, Date.now());
  const lines = [
    ...(activity === undefined ? [] : [`${activity.text} (Ctrl-C stops it)`]),
    ...(countdown === undefined ? [] : [countdown]),
    ...queueLines(state),
    ...attachment.unsent.map((text) => `sending: ${oneLine(text, 70)}`),
  ].map((line) => colors.dim(`  ${shorten(line, process.stdout.columns - 4)}`));
  if (attachment.trouble !== undefined)
    lines.unshift(colors.red("  No connection to the server; trying again."));
  return lines;
}

async function plainly(context: Context, sessionId: string, flags: AttachFlags): Promise<ExitCode> {
  const { output } = context;
  let told = "";
  const attachment = new Attachment(context, { sessionId, giveUpMs: GIVE_UP_MS, isPiped: true });
  const text = textFace(output, flags, (state) => {
    output.note(output.err.dim(titleOf(state)));
    void readPipe(context, attachment);
  });
  const face: Face = {
    ...text,
    changed(state) {
      const activity = activityOf(state);
      const lines = [
        ...(activity === undefined || activity.isOrdinary ? [] : [activity.text]),
        ...queueLines(state),
        ...howToAnswer(state),
      ].map((line) => `  ${line}`);
      const now = lines.join("\n");
      if (now !== told && now !== "") text.tell(now);
      told = now;
    },
  };
  try {
    const outcome = await attachment.run(face);
    text.end();
    return finish(output, outcome);
  } catch (error) {
    text.end();
    return fail(context, error);
  }
}

function howToAnswer(state: SessionState): string[] {
  const asked = oldestAsked(state);
  if (asked === undefined) return [];
  return isQuestion(asked)
    ? ["Answer with /answer and a value, field by field, /decline or /cancel."]
    : ["Answer with /once, /always or /reject."];
}

/** A transcript for people, on the screen or in plain lines. */
function textFace(output: Output, flags: AttachFlags, begin: (state: SessionState) => void) {
  const printer = new TranscriptPrinter(output);
  return {
    begin(state: SessionState): void {
      begin(state);
      printer.begin(state, flags.messages);
    },
    event(event: SessionEvent, state: SessionState, isLive: boolean): void {
      if (isLive) printer.event(event, state);
    },
    refreshed: (state: SessionState): void => printer.refresh(state),
    tell(text: string): void {
      printer.end();
      output.note(text);
    },
    end: (): void => printer.end(),
    isTyping: () => false,
  };
}

/** The API's events from now on, one per line, and one record `{type: "end", reason, lastSeq, exitCode}` or `{type: "error", ...}`. */
async function records(context: Context, sessionId: string): Promise<ExitCode> {
  const { output } = context;
  try {
    const attachment = new Attachment(context, { sessionId, giveUpMs: GIVE_UP_MS, isPiped: true });
    const face = quietFace(context, attachment, (event) => output.json(event));
    const { reason, lastSeq, exitCode } = await attachment.run(face);
    output.json({ type: "end", reason, lastSeq, exitCode });
    return exitCode;
  } catch (error) {
    const exitCode = fail(context, error);
    output.json({ type: "error", code: errorCodeOf(error), message: describe(error), exitCode });
    return exitCode;
  }
}

/** One object at the end: the turns that ended meanwhile with their messages, or the error. */
async function oneObject(context: Context, sessionId: string): Promise<ExitCode> {
  const { output } = context;
  const ended = new Set<string>();
  try {
    const attachment = new Attachment(context, { sessionId, giveUpMs: GIVE_UP_MS, isPiped: true });
    const face = quietFace(context, attachment, ({ data }) => {
      if ("turn" in data && isTerminal(data.turn.state)) ended.add(data.turn.id);
    });
    const { reason, lastSeq, exitCode, state } = await attachment.run(face);
    const turns = Object.values(state.turns).filter(({ id }) => ended.has(id));
    const messages = state.messages.filter(({ info }) => ended.has(info.turnId));
    output.json({ sessionId, reason, turns, messages, lastSeq, exitCode });
    return exitCode;
  } catch (error) {
    const exitCode = fail(context, error);
    output.json({ error: { code: errorCodeOf(error), message: describe(error) }, exitCode });
    return exitCode;
  }
}

function quietFace(context: Context, attachment: Attachment, hear: (event: SessionEvent) => void): Face {
  return {
    begin: () => void readPipe(context, attachment),
    event: hear,
    refreshed: () => undefined,
    tell: (text) => context.output.note(text),
    changed: () => undefined,
    isTyping: () => false,
  };
}

/** Lines of stdin, each taken when the one before was dealt with. A line that ends in a backslash goes on in the next. */
async function readPipe(context: Context, attachment: Attachment): Promise<void> {
  if (context.flags.input !== false) {
    const lines = createInterface({ input: process.stdin, terminal: false });
    attachment.whenOver(() => {
      lines.close();
      process.stdin.destroy();
    });
    let text = "";
    for await (const line of lines) {
      text += line;
      if (text.endsWith("\\")) text = `${text.slice(0, -1)}\n`;
      else {
        await attachment.line(text);
        text = "";
      }
    }
    if (text !== "") await attachment.line(text);
  }
  attachment.inputEnded();
}

function finish(output: Output, { reason, exitCode, unsent, state }: Outcome): ExitCode {
  for (const text of unsent) output.note(output.err.red(`Perhaps not sent: ${withoutControls(text)}`));
  if (reason === "deleted") output.note("The session was deleted.");
  else if (reason !== "idle" && activityOf(state) !== undefined) output.note("Left; that stops nothing.");
  return exitCode;
}

function fail(context: Context, error: unknown): ExitCode {
  context.output.note(`holdfast: ${describe(error)}`);
  return exitCodeOf(error);
}

function titleOf(state: SessionState): string {
  const { session } = state;
  if (session === undefined) return "";
  return `${oneLine(session.title, 60)}  ${session.agent}  ${exactLine(session.directory)}`;
}
