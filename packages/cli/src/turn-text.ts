import type { Message, Part, Turn } from "@holdfast/protocol";
import type { Output } from "./output.ts";
import { moment, oneLine, span } from "./output.ts";

/** Writes an answer as it grows: text on stdout, tool calls and retries as short lines on stderr. */
export class TurnText {
  readonly #output: Output;
  readonly #printed = new Map<string, number>();
  readonly #told = new Set<string>();
  #current: string | undefined;
  #isLineOpen = false;

  constructor(output: Output) {
    this.#output = output;
  }

  part(part: Part): void {
    if (part.type === "text" && part.synthetic !== true) this.#text(part.id, part.text);
    else if (part.type === "compaction") this.#tell(part.id, "older messages were summarised for the agent");
    else if (part.type === "tool") this.#tool(part.id, part.state, part.tool);
    else if (part.type === "retry")
      this.#tell(part.id, `retry ${part.number}: ${oneLine(part.error.data.message, 120)}`);
  }

  /** The answer is complete. */
  end(): void {
    if (this.#isLineOpen) this.#output.write("\n");
    this.#isLineOpen = false;
  }

  #text(id: string, text: string): void {
    const before = this.#printed.get(id) ?? 0;
    if (text.length <= before) return;
    if (this.#current !== id) this.end();
    this.#current = id;
    this.#output.write(text.slice(before));
    this.#printed.set(id, text.length);
    this.#isLineOpen = !text.endsWith("\n");
  }

  #tool(id: string, state: Extract<Part, { type: "tool" }>["state"], tool: string): void {
    if (state.status === "pending") return;
    const { err } = this.#output;
    const title = oneLine(state.title ?? tool, 120);
    if (state.status === "error")
      this.#tell(`${id} error`, `${err.red("✗")} ${title}: ${oneLine(state.error, 160)}`);
    else this.#tell(id, `${err.dim("•")} ${title}`);
  }

  #tell(key: string, line: string): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.end();
    this.#output.note(line);
  }
}

/** How a turn ended, if not well, in a line for a person. */
export function endText(turn: Turn): string | undefined {
  if (turn.state === "completed") return undefined;
  const data: { message?: string } | undefined = turn.error?.data;
  const message = data?.message ?? turn.error?.name ?? "";
  const how = turn.reason ?? turn.state;
  const line =
    message === "" ? `The turn ended: ${how}.` : `The turn ended (${how}): ${oneLine(message, 400)}`;
  return [line, ...wayBack(turn), ...pastLimit(turn, Date.now())].join("\n");
}

/** How much a turn changed of the files, as its message says, in a line for a person; `undefined` where it changed none, or nobody looked. */
export function changedText(turn: Turn, messages: readonly Message[]): string | undefined {
  const info = messages.findLast((message) => message.info.id === turn.messageId)?.info;
  const totals = info?.role === "user" ? info.summary?.totals : undefined;
  if (totals === undefined || totals.files === 0) return undefined;
  const { files, additions, deletions } = totals;
  return `${files} ${files === 1 ? "file" : "files"} changed, +${additions} -${deletions}.`;
}

/** When the usage limit that ended it is over, and the commands that go on from there. */
function pastLimit({ error, sessionId }: Turn, now: number): string[] {
  const until = error?.name === "APIError" ? error.data.resetAt : undefined;
  if (until === undefined) return [];
  return [
    `The usage limit is over at ${moment(until, now)}, in ${span(until - now)}.`,
    `  holdfast turn continue ${sessionId}  goes on then`,
    `  holdfast session after-limit ${sessionId} 1  goes on by itself, from the next limit on`,
  ];
}

/** The commands that bring a missing worktree back, the one that loses least first (W-13). */
function wayBack({ error }: Turn): string[] {
  if (error?.name !== "WorkspaceMissingError") return [];
  const { worktreeId, ways } = error.data;
  if (worktreeId === undefined) return [];
  return ways.map((way) => `  holdfast worktree restore ${worktreeId} --from ${way}`);
}
