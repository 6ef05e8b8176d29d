import type { Message, Part } from "@holdfast/protocol";
import { oneLine, type Output } from "./output.ts";

/** Prints messages as a person reads them: what was asked behind `>`, answers as they are, calls as one line each. */
export function writeTranscript(output: Output, messages: readonly Message[]): void {
  for (const { info, parts } of messages) {
    output.write("\n");
    for (const part of parts) {
      const text = textOf(part);
      if (text === undefined) continue;
      const shown = info.role === "user" ? text.replaceAll(/^/gm, "> ") : text;
      output.write(shown.endsWith("\n") ? shown : `${shown}\n`);
    }
    if (info.role === "assistant" && info.error !== undefined) output.write(`[${info.error.name}]\n`);
  }
}

function textOf(part: Part): string | undefined {
  if (part.type === "text") return part.text === "" || part.ignored === true ? undefined : part.text;
  if (part.type === "file") return `[file ${oneLine(part.filename ?? part.url, 120)}]`;
  if (part.type !== "tool") return undefined;
  return `• ${oneLine(part.state.title ?? part.tool, 120)} (${part.state.status})`;
}
