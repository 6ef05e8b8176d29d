/**
 * A terminal with a transcript that scrolls and an area at the bottom that stays: the unfinished row of the transcript, lines of state, and the line
 * that the person types, kept by `node:readline`.
 *
 * - The area is readline's prompt (it may have several rows), so that typing, history and pasting are readline's business.
 * - Rows leave the area once they are full; what is above it is never touched again. Nothing is written twice.
 * - What comes is collected for a moment: an agent that floods costs a few paintings per second.
 */
import { clearScreenDown, cursorTo, moveCursor } from "node:readline";
import { createInterface, type Interface } from "node:readline/promises";
import { fitting } from "./columns.ts";
import { withoutControls } from "./output.ts";

export type ScreenEvents = {
  /** What was typed or pasted; a paste of several lines comes as one. */
  line(text: string): void;
  /** Ctrl-C. */
  interrupt(): void;
  /** After each key. */
  key(): void;
  /** Ctrl-D on an empty line, or the terminal is gone. */
  end(): void;
  complete(line: string): string[];
};

type Streams = { input: NodeJS.ReadStream; output: NodeJS.WriteStream };

/** Between two paintings, in ms. */
const PAINT_MS = 30;
const DEFAULT_COLUMNS = 80;
/** A line that ends so goes on in the next one. */
const CONTINUED = /\\$/;

export class Screen {
  readonly #output: NodeJS.WriteStream;
  readonly #readline: Interface;
  readonly #events: ScreenEvents;
  #typed: string[] = [];
  #done: string[] = [];
  #row = "";
  #state: readonly string[] = [];
  #prompt = "> ";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #isSubmitting = false;

  constructor(streams: Streams, events: ScreenEvents) {
    this.#output = streams.output;
    this.#events = events;
    this.#readline = createInterface({
      ...streams,
      terminal: true,
      prompt: this.#prompt,
      completer: (line: string): [string[], string] => [events.complete(line), line],
    });
    // Before readline sees Enter: where the cursor will be is known now, and not when the line comes.
    streams.input.prependListener("keypress", this.#keypress);
    this.#readline.on("line", (line) => this.#take(line));
    this.#readline.on("SIGINT", () => events.interrupt());
    this.#readline.on("close", () => {
      if (!this.#isClosed) events.end();
    });
    this.#readline.prompt();
  }

  /** What stands in the line now, not sent. */
  get typed(): string {
    return this.#readline.line;
  }

  /** A piece of the transcript; it may end in the middle of a line. */
  write(text: string): void {
    const lines = `${this.#row}${withoutControls(text)}`.split("\n");
    this.#row = lines.pop() ?? "";
    this.#done.push(...lines);
    this.#wrapRow();
    this.#paintSoon();
  }

  /** Whole lines; colours may be in them. */
  line(text: string): void {
    if (this.#row !== "") this.#done.push(this.#row);
    this.#row = "";
    this.#done.push(...text.split("\n"));
    this.#paintSoon();
  }

  /** What stands between transcript and input from now on. */
  setState(lines: readonly string[], prompt: string): void {
    if (this.#prompt === prompt && lines.join("\n") === this.#state.join("\n")) return;
    this.#state = lines;
    this.#prompt = prompt;
    this.#paintSoon();
  }

  /** Gives the terminal back; the area is gone, the transcript stays. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#erase(this.#readline.getCursorPos().rows);
    if (this.#row !== "") this.#done.push(this.#row);
    this.#print();
    this.#readline.close();
  }

  #keypress = (_text: string | undefined, key: { name?: string } | undefined): void => {
    setImmediate(() => this.#events.key());
    if (key?.name !== "return" && key?.name !== "enter") return;
    // The cursor may stand anywhere in the line; Enter takes it to the end.
    this.#readline.write(null, { ctrl: true, name: "e" });
    this.#isSubmitting = true;
    this.#rowsOfSubmitted = this.#readline.getCursorPos().rows + 1;
  };
  #rowsOfSubmitted = 0;

  /** The typed line is taken off the screen: it comes back in the transcript or the queue once the server has it. */
  #take(line: string): void {
    if (this.#isSubmitting) this.#erase(this.#rowsOfSubmitted);
    this.#isSubmitting = false;
    this.#typed.push(line);
    this.#readline.prompt();
    if (CONTINUED.test(line)) return;
    // The lines of a paste come together.
    if (this.#typed.length === 1 || this.#typed.at(-2)?.endsWith("\\") === true)
      setImmediate(() => this.#submit());
  }

  #submit(): void {
    const last = this.#typed.at(-1);
    if (last === undefined || CONTINUED.test(last)) return;
    const text = this.#typed.map((line) => line.replace(CONTINUED, "")).join("\n");
    this.#typed = [];
    if (!this.#isClosed) this.#events.line(text);
  }

  /** An open row that is as long as the terminal is wide becomes a line, cut between words where it can be. */
  #wrapRow(): void {
    const columns = (this.#output.columns || DEFAULT_COLUMNS) - 1;
    for (let end; (end = fitting(this.#row, columns)) < this.#row.length;) {
      const space = this.#row.lastIndexOf(" ", end);
      const cut = space > 0 ? space + 1 : end;
      this.#done.push(this.#row.slice(0, cut).trimEnd());
      this.#row = this.#row.slice(cut);
    }
  }

  #paintSoon(): void {
    this.#timer ??= setTimeout(() => this.#paint(), PAINT_MS);
  }

  #paint(): void {
    this.#timer = undefined;
    if (this.#isClosed) return;
    const { rows } = this.#readline.getCursorPos();
    this.#erase(rows);
    this.#print();
    // Readline goes up from where it believes to be.
    this.#output.write("\n".repeat(rows));
    const area = this.#row === "" ? this.#state : [this.#row, ...this.#state];
    this.#readline.setPrompt([...area, this.#prompt].join("\n"));
    this.#readline.prompt(true);
  }

  #print(): void {
    if (this.#done.length > 0) this.#output.write(`${this.#done.join("\n")}\n`);
    this.#done = [];
  }

  /** Clears from `rows` rows above the cursor to the end of the screen. */
  #erase(rows: number): void {
    moveCursor(this.#output, 0, -rows);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
  }
}
