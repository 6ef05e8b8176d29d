/** Output of commands as a terminal would leave it on the screen: carriage returns overwrite, colours stay, everything else is dropped. */
import { AnsiUp } from "ansi_up";

/** Lines and characters of a line that are drawn at once; the rest comes when it is asked for. */
export const SHOWN_LINES = 400;
export const SHOWN_LINE_LENGTH = 2_000;

const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f]/g;
const OTHER_SEQUENCES =
  /\u001b(?:\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\[[0-9;?]*[A-Za-ln-z]|[()][A-Z0-9]|[=>78cDEHMNOZ])/g;

/** What of a line is left after its carriage returns. */
function overwrite(line: string): string {
  const pieces = line.split("\r");
  let shown = "";
  for (const piece of pieces) if (piece !== "") shown = piece + shown.slice(piece.length);
  return shown;
}

export type Screen = { html: string; hiddenLines: number; cutLines: number };

/** The last `limit` lines of an output, as HTML. */
export function screenOf(output: string, limit: number): Screen {
  const lines = output.replace(/\r\n/g, "\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  const hiddenLines = Math.max(0, lines.length - limit);
  let cutLines = 0;
  const shown = lines.slice(hiddenLines).map((line) => {
    const plain = overwrite(line).replace(OTHER_SEQUENCES, "").replace(CONTROLS, "");
    if (plain.length <= SHOWN_LINE_LENGTH) return plain;
    cutLines += 1;
    return `${plain.slice(0, SHOWN_LINE_LENGTH)} … ${(plain.length - SHOWN_LINE_LENGTH).toLocaleString()} more characters`;
  });
  const ansi = new AnsiUp();
  ansi.use_classes = true;
  ansi.url_allowlist = {};
  return { html: ansi.ansi_to_html(shown.join("\n")), hiddenLines, cutLines };
}
