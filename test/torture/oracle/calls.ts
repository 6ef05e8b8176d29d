/** What calls did outside of Holdfast was done once, and what is told to be done was done (D-16, D-19). */
import { markOf } from "../call-log.ts";
import type { Picture } from "./picture.ts";

export function wrongCalls({ calls, sessions }: Picture): string[] {
  if (calls === undefined) return [];
  const twice = calls.begun.filter((mark, at) => calls.begun.indexOf(mark) !== at);
  const done = new Set(calls.done);
  const parts = [...sessions.values()].flatMap(({ messages }) =>
    messages.flatMap((message) => message.parts),
  );
  const untrue = parts.flatMap((part) => {
    if (part.type !== "tool" || part.state.status !== "completed") return [];
    // It came to an end of its own in the 250 ms behind a stop, and says that it was stopped (session-model 11.3).
    if (part.state.metadata?.["ended"] === "abort") return [];
    const mark = markOf(part.state.input["command"]);
    return mark === undefined || done.has(mark) ? [] : [`${part.id} is completed, and ${mark} never was`];
  });
  return [...twice.map((mark) => `the command of ${mark} ran twice`), ...untrue];
}
