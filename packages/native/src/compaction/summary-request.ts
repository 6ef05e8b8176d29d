/** What a model is asked that is to write a summary: what was said as one text, so that it takes no part in it (session-model 14.3). Pure. */
import { isHandoffPart, type Message, type Part, type ToolPart } from "@holdfast/protocol";
import { isAsked, isUsersCall, WORDS } from "../view/index.ts";
import { CHARACTERS_PER_TOKEN } from "./estimate.ts";
import type { CompactionPlan } from "./plan.ts";

/** Characters of an output, and of the input of a call, that are shown. */
const OUTPUT = 2_000;
const INPUT = 1_000;

const SECTIONS = [
  "## Goal: what the user wants, in his words where they matter, and what he ruled out",
  "## Decided: how it is done and why, and what was found out on the way",
  "## Done: what was changed, with the paths of the files, and what was run with what result",
  "## Open: what is left, what fails, what was being worked on last, and the next step",
  "## Places: files, commands, names and addresses that whoever goes on needs",
].join("\n");

const REQUEST = [
  "Write the summary that takes the place of this session for whoever goes on with it. That one sees your words and nothing of what is above.",
  "Use these sections, and leave out one that would be empty:",
  SECTIONS,
  "Be exact about names, numbers and paths. Say what was asked for and not done. Do not answer what is asked above, and call no tool.",
].join("\n\n");

const LEFT_OUT = "[What was said before is left out: there was too much of it.]";

/** What hooks say: more to know, or another request altogether (`experimental.session.compacting`). */
export type SummaryHook = { context?: readonly string[]; prompt?: string | undefined };

/**
 * The one user message of the request. It has room for `tokens`, about: the oldest of what was said is left out first, and the summary before it never is.
 */
export function summaryRequest(
  { head, previous }: Pick<CompactionPlan, "head" | "previous">,
  tokens: number,
  hook: SummaryHook = {},
): string {
  const before =
    previous === undefined
      ? []
      : [
          `<summary>\nThe summary up to here, which yours replaces: take over what still holds.\n\n${previous}\n</summary>`,
        ];
  const request = [...(hook.context ?? []), hook.prompt ?? REQUEST];
  const taken = [...before, ...request].reduce((sum, text) => sum + text.length, 0);
  const said = newest(head.map(entryOf), tokens * CHARACTERS_PER_TOKEN - taken);
  return [...before, `<session>\n${said.join("\n\n")}\n</session>`, ...request].join("\n\n");
}

/** As many of the last entries as there is room for; the last one is cut where it alone is too long. */
function newest(entries: readonly string[], room: number): string[] {
  const kept: string[] = [];
  let left = room;
  for (const entry of entries.filter((each) => each !== "").toReversed()) {
    if (entry.length > left) {
      if (kept.length === 0 && left > 0) kept.push(cut(entry, left));
      return [LEFT_OUT, ...kept.reverse()];
    }
    kept.push(entry);
    left -= entry.length;
  }
  return kept.reverse();
}

function entryOf(message: Message): string {
  const lines = message.parts.map((part) => lineOf(part)).filter((line) => line !== "");
  if (lines.length === 0) return "";
  return [isAsked(message) ? "# The user" : `# The assistant (${message.info.agent})`, ...lines].join("\n");
}

function lineOf(part: Part): string {
  switch (part.type) {
    case "text":
      return part.attempt === undefined && part.ignored !== true && !isHandoffPart(part) ? part.text : "";
    case "tool":
      return isUsersCall(part) ? "" : callLines(part);
    case "file":
      return `[Attached ${part.mime}: ${part.filename ?? part.url}]`;
    case "subtask":
      return `[A subtask for ${part.agent}: ${part.prompt}]`;
    default:
      return "";
  }
}

function callLines(part: ToolPart): string {
  const { tool, state } = part;
  return `Called ${tool}: ${cut(JSON.stringify(state.input), INPUT)}\nResult: ${cut(outputOf(part), OUTPUT)}`;
}

function outputOf({ state }: ToolPart): string {
  switch (state.status) {
    case "completed": {
      const files = state.attachments?.map(
        ({ mime, filename }) => `[Attached ${mime}: ${filename ?? "file"}]`,
      );
      const output = state.time.compacted === undefined ? state.output : WORDS.cleared;
      return [cut(output, OUTPUT - 200), ...(files ?? [])].join("\n");
    }
    case "error":
      return `failed: ${state.error}${state.output === undefined ? "" : `\n${state.output}`}`;
    default:
      return WORDS.interrupted;
  }
}

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length)} [...]`;
