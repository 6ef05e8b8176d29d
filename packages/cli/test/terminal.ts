import { type ChildProcess, spawn } from "node:child_process";

/**
 * As much of a terminal as tests need: it applies what a program writes (text, cursor moves, clearing) and shows what a person would see, with what
 * scrolled away.
 */
export class Terminal {
  readonly #columns: number;
  readonly #rows: number;
  #lines: string[][] = [[]];
  /** Index of the line at the top of the screen. */
  #top = 0;
  #row = 0;
  #column = 0;
  #rest = "";

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  /** All lines from the first on, without empty ones at the end. */
  text(): string {
    return this.#lines
      .map((line) => line.join("").trimEnd())
      .join("\n")
      .trimEnd();
  }

  feed(text: string): void {
    const input = this.#rest + text;
    this.#rest = "";
    for (let index = 0; index < input.length;) {
      if (input[index] === "\u001b") {
        const sequence = /^\u001b(?:\[([?\d;]*)([A-Za-z~])|\][^\u0007]*\u0007|[^[\]])/.exec(
          input.slice(index),
        );
        if (sequence === null) {
          this.#rest = input.slice(index);
          return;
        }
        this.#control(sequence[1] ?? "", sequence[2] ?? "");
        index += sequence[0].length;
      } else {
        const char = String.fromCodePoint(input.codePointAt(index) ?? 0);
        this.#put(char);
        index += char.length;
      }
    }
  }

  #put(char: string): void {
    if (char === "\r") this.#column = 0;
    else if (char === "\n") this.#down();
    else if (char === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (char >= " ") {
      if (this.#column === this.#columns) {
        this.#column = 0;
        this.#down();
      }
      const line = this.#line(this.#row);
      while (line.length < this.#column) line.push(" ");
      line[this.#column] = char;
      this.#column += 1;
    }
  }

  #down(): void {
    if (this.#row < this.#rows - 1) this.#row += 1;
    else this.#top += 1;
    this.#line(this.#row);
  }

  #line(row: number): string[] {
    while (this.#lines.length <= this.#top + row) this.#lines.push([]);
    return this.#lines[this.#top + row] ?? [];
  }

  #control(parameters: string, kind: string): void {
    const count = Math.max(1, Number(parameters.split(";")[0]) || 1);
    if (kind === "A") this.#row = Math.max(0, this.#row - count);
    else if (kind === "B") this.#row = Math.min(this.#rows - 1, this.#row + count);
    else if (kind === "C") this.#column = Math.min(this.#columns - 1, this.#column + count);
    else if (kind === "D") this.#column = Math.max(0, this.#column - count);
    else if (kind === "G") this.#column = count - 1;
    else if (kind === "K")
      this.#line(this.#row).length = Math.min(this.#line(this.#row).length, this.#column);
    else if (kind === "J" && (parameters === "" || parameters === "0")) {
      this.#line(this.#row).length = Math.min(this.#line(this.#row).length, this.#column);
      this.#lines.length = this.#top + this.#row + 1;
    } else if (!["m", "h", "l"].includes(kind))
      throw new Error(`The test terminal does not know CSI ${parameters}${kind}`);
  }
}

type Size = { columns: number; rows: number };
type TerminalOptions = Size & { cwd: string; env: Record<string, string> };

/** Runs a command in a real pseudo-terminal (`script` of util-linux) of that size; `onOutput` hears what it writes. */
export function runInPseudoTerminal(
  command: string,
  { columns, rows, cwd, env }: TerminalOptions,
  onOutput: (text: string) => void,
): { child: ChildProcess; type: (text: string) => void; ended: Promise<number | null> } {
  const args = ["-qefc", `stty cols ${columns} rows ${rows}; exec ${command}`, "/dev/null"];
  const child = spawn("script", args, { cwd, env });
  child.stdout.setEncoding("utf8").on("data", onOutput);
  child.stdin.on("error", () => undefined);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, type: (text) => child.stdin.write(text), ended };
}

/** The same, with what a person would see. */
export function runInTerminal(command: string, place: TerminalOptions) {
  const terminal = new Terminal(place.columns, place.rows);
  return { terminal, ...runInPseudoTerminal(command, place, (text) => terminal.feed(text)) };
}
