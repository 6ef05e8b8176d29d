import { isDeepStrictEqual } from "node:util";
/** One tool call as it was told, and the part that shows it (D-16, D-28). Pure. */
import { cleanJson, cleanText, holdBackSurrogate } from "@holdfast/kernel";
import type { MessageId, PartId, SessionId, ToolPart, ToolState } from "@holdfast/protocol";
import type { ToolUpdate } from "../agents/index.ts";
import { type CutOutput, cutOutput } from "./output-limit.ts";

export type CallStatus = ToolState["status"];

/** Everything an agent has said about a call, uncut. `output` and `raw` may end in half a surrogate pair while the call runs. */
export type Call = {
  readonly callId: string;
  readonly partId: PartId;
  status: CallStatus;
  tool: string;
  title?: string | undefined;
  kind?: string | undefined;
  input: Record<string, unknown>;
  raw: string;
  output?: string | undefined;
  error?: string | undefined;
  locations?: ToolUpdate["locations"];
  diffs?: ToolUpdate["diffs"];
  images?: ToolUpdate["images"];
  startedAt?: number | undefined;
  endedAt?: number | undefined;
};

/** Where the cut-off text and the images of a call were stored. */
export type Stored = {
  truncated?: { hash: string; bytes: number; lines: number } | undefined;
  attachments?: { type: "file"; mime: string; url: string }[] | undefined;
};

export const isSettled = (status: CallStatus): boolean => status === "completed" || status === "error";

const RANK = { pending: 0, running: 1, completed: 2, error: 2 } as const satisfies Record<CallStatus, number>;

/** The states to go through, in order, for an update; empty when it is no step forward (D-16). Output says that the call runs. */
export function stepsTo(status: CallStatus, update: Pick<ToolUpdate, "status" | "output">): CallStatus[] {
  const next = update.status ?? (update.output === undefined ? undefined : "running");
  if (next === undefined || RANK[next] <= RANK[status]) return [];
  return status === "pending" && isSettled(next) ? ["running", next] : [next];
}

/** Facts beside status, output and raw. Answers whether any of them changed. */
export function mergeFacts(call: Call, update: ToolUpdate): boolean {
  const facts = cleanJson({
    tool: update.tool,
    title: update.title,
    kind: update.kind,
    input: update.input,
    error: update.error,
    locations: update.locations,
    diffs: update.diffs,
  });
  let changed = false;
  for (const [name, value] of Object.entries(facts)) {
    const key = name as keyof typeof facts;
    if (value === undefined || isDeepStrictEqual(call[key], value)) continue;
    Object.assign(call, { [key]: value });
    changed = true;
  }
  if (update.images !== undefined) call.images = update.images;
  return changed;
}

const settledOr = (call: Call, text: string): string =>
  cleanText(isSettled(call.status) ? text : holdBackSurrogate(text).text);

/** The raw input as far as it may be shown. */
export const shownRaw = (call: Call): string => settledOr(call, call.raw);

/** The output as far as it may be shown, cut at D-28's limits; a pending call shows none. */
export const shownOutput = (call: Call): CutOutput | undefined =>
  call.output === undefined || call.status === "pending"
    ? undefined
    : cutOutput(settledOr(call, call.output));

/** A failed call's text, cut at the same limits. */
export const shownError = (call: Call): CutOutput => cutOutput(cleanText(call.error ?? "The tool failed."));

/** The text whose rest a part does not show: the output, or the error of a call without output. */
export function cutText(call: Call): { text: string; whole: { bytes: number; lines: number } } | undefined {
  const output = shownOutput(call);
  if (output?.whole !== undefined) return { text: cleanText(call.output ?? ""), whole: output.whole };
  if (call.status !== "error" || output !== undefined) return undefined;
  const error = shownError(call);
  return error.whole === undefined ? undefined : { text: cleanText(call.error ?? ""), whole: error.whole };
}

/** The part's row as it should stand now. */
export function toolPart(
  call: Call,
  ids: { sessionId: SessionId; messageId: MessageId },
  stored: Stored = {},
): ToolPart {
  const part: ToolPart = {
    id: call.partId,
    ...ids,
    type: "tool",
    callId: call.callId,
    tool: call.tool,
    state: stateOf(call, stored),
  };
  if (call.kind !== undefined) part.kind = call.kind;
  if (call.locations !== undefined) part.locations = call.locations;
  if (call.diffs !== undefined) part.diffs = call.diffs;
  return part;
}

function stateOf(call: Call, { truncated, attachments }: Stored): ToolState {
  const { input, title } = call;
  const raw = shownRaw(call);
  const output = shownOutput(call)?.text;
  const start = call.startedAt ?? 0;
  const time = { start, end: Math.max(start, call.endedAt ?? start) };
  const cut = truncated === undefined ? {} : { truncated };
  const named = title === undefined ? {} : { title };
  const shown = output === undefined ? {} : { output };
  switch (call.status) {
    case "pending":
      return { status: "pending", input, raw, ...named };
    case "running":
      return { status: "running", input, raw, ...named, ...shown, time: { start }, ...cut };
    case "completed": {
      const files = attachments === undefined || attachments.length === 0 ? {} : { attachments };
      return {
        status: "completed",
        input,
        raw,
        output: output ?? "",
        title: title ?? call.tool,
        metadata: {},
        time,
        ...files,
        ...cut,
      };
    }
    case "error":
      return { status: "error", input, raw, error: shownError(call).text, ...named, ...shown, time, ...cut };
  }
}
