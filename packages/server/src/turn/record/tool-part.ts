import { isDeepStrictEqual } from "node:util";
/** One tool call as it was told, and the part that shows it (D-16, D-28). Pure. */
import { cleanJson, cleanText, holdBackSurrogate } from "@holdfast/kernel";
import {
  isSettledTool,
  type JsonObject,
  type MessageId,
  type PartId,
  type SessionId,
  type ToolEvent,
  type ToolPart,
  type ToolState,
  transitionTool,
} from "@holdfast/protocol";
import { NOT_ALLOWED, type NotAllowed, type ToolUpdate } from "../../agents/index.ts";
import { type CutOutput, cutOutput } from "./output-limit.ts";
import type { BackendPart } from "./past.ts";

/** Everything an agent has said about a call, uncut. `output` and `raw` may end in half a surrogate pair while the call runs. */
export type Call = {
  readonly callId: string;
  readonly partId: PartId;
  /** The backend's id of the part, where it has one. */
  readonly backendPartId?: string | undefined;
  /** What of it is shown. */
  state: ToolState;
  tool: string;
  title?: string | undefined;
  kind?: string | undefined;
  input: Record<string, unknown>;
  raw: string;
  output?: string | undefined;
  error?: string | undefined;
  locations?: ToolUpdate["locations"];
  diffs?: ToolUpdate["diffs"];
  attachments?: ToolUpdate["attachments"];
  facts?: JsonObject | undefined;
  metadata?: JsonObject | undefined;
  /** Its turn was being stopped when its end was told. */
  isCut?: boolean;
};

/** Where the cut-off text and the attachments of a call were stored. */
export type Stored = {
  truncated?: { hash: string; bytes: number; lines: number } | undefined;
  attachments?: ShownAttachment[] | undefined;
};

/** An attachment as a part shows it. */
export type ShownAttachment = NonNullable<Extract<ToolState, { status: "completed" }>["attachments"]>[number];

type Step = "start" | "complete" | "fail";

const STEPS: Readonly<Record<ToolState["status"], readonly Step[]>> = {
  pending: [],
  running: ["start"],
  completed: ["start", "complete"],
  error: ["start", "fail"],
};

/** The steps that an update asks for, with those that the agent skipped; the call takes what is a step forward (D-16). Output says that it runs. */
export const stepsOf = ({ status, output }: Pick<ToolUpdate, "status" | "output">): readonly Step[] =>
  STEPS[status ?? (output === undefined ? "pending" : "running")];

/** The call's state after a step, with everything that was told so far; `undefined` when it is no step forward. */
export function stateAfter(call: Call, step: Step, at: number): ToolState | undefined {
  const event = stepEvent(call, step, at);
  if (transitionTool(call.state, event) === call.state) return undefined;
  // A call that does not run shows no output, and one that ended takes none.
  const told = toldBy(call, step === "start");
  return [told, event, told].reduce(transitionTool, call.state);
}

function stepEvent(call: Call, type: Step, at: number): ToolEvent {
  if (type === "start") return { type, at };
  return type === "complete"
    ? { type, title: call.title ?? call.tool, at }
    : { type, error: shownError(call).text, at, isCut: call.isCut === true };
}

/** The state with everything that was told so far. */
export const toldState = (call: Call): ToolState => transitionTool(call.state, toldBy(call, true));

function toldBy(call: Call, mayGrow: boolean): ToolEvent {
  const { input, title, output, facts } = call;
  return {
    type: "progress",
    told: {
      input,
      raw: shown(call.raw, mayGrow),
      ...(title === undefined ? {} : { title }),
      ...(facts === undefined ? {} : { metadata: facts }),
      ...(output === undefined ? {} : { output: cutOutput(shown(output, mayGrow)).text }),
    },
  };
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
    facts: update.facts && { ...call.facts, ...update.facts },
    metadata: update.metadata && { ...call.metadata, ...update.metadata },
  });
  let changed = false;
  for (const [name, value] of Object.entries(facts)) {
    const key = name as keyof typeof facts;
    if (value === undefined || isDeepStrictEqual(call[key], value)) continue;
    Object.assign(call, { [key]: value });
    changed = true;
  }
  if (update.attachments !== undefined) call.attachments = update.attachments;
  return changed;
}

/** A call that failed because it was not allowed, though no person rejected it; what the agent said of it stays beside. */
export function refuse(call: Call, why: NotAllowed): void {
  call.metadata = {
    ...call.metadata,
    notAllowed: why,
    ...(call.error === undefined ? {} : { agentSaid: call.error }),
  };
  call.error = NOT_ALLOWED[why];
}

const shown = (text: string, mayGrow: boolean): string =>
  cleanText(mayGrow ? holdBackSurrogate(text).text : text);

const mayGrow = (call: Call): boolean => !isSettledTool(call.state.status);

/** The raw input as far as it may be shown. */
export const shownRaw = (call: Call): string => shown(call.raw, mayGrow(call));

/** The output as far as it may be shown, cut at D-28's limits; a pending call shows none. */
export const shownOutput = (call: Call): CutOutput | undefined =>
  call.output === undefined || call.state.status === "pending"
    ? undefined
    : cutOutput(shown(call.output, mayGrow(call)));

/** A failed call's text, cut at the same limits. */
const shownError = (call: Call): CutOutput => cutOutput(cleanText(call.error ?? "The tool failed."));

/** The text whose rest a part does not show: the output, or the error of a call without output. */
export function cutText(call: Call): { text: string; whole: { bytes: number; lines: number } } | undefined {
  const output = shownOutput(call);
  if (output?.whole !== undefined) return { text: cleanText(call.output ?? ""), whole: output.whole };
  if (call.state.status !== "error" || output !== undefined) return undefined;
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
    state: withStored(call.state, stored),
  };
  if (call.kind !== undefined) part.kind = call.kind;
  if (call.locations !== undefined) part.locations = call.locations;
  if (call.diffs !== undefined) part.diffs = call.diffs;
  const { backendPartId: partId } = call;
  const named = partId === undefined ? {} : { backend: { partId } satisfies BackendPart };
  const metadata = { ...call.metadata, ...named };
  if (Object.keys(metadata).length > 0) part.metadata = metadata;
  return part;
}

function withStored(state: ToolState, { truncated, attachments = [] }: Stored): ToolState {
  if (state.status === "pending") return state;
  const cut = truncated === undefined ? state : { ...state, truncated };
  return cut.status === "completed" && attachments.length > 0 ? { ...cut, attachments } : cut;
}
