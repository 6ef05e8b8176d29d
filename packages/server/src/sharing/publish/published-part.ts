/** A part as it is published: field by field, nothing by default (S-17). Ids of backends, snapshots and metadata are not in it. */
import {
  isSettledTool,
  type MessageInfo,
  type OperationPayload,
  type Part,
  type PartOf,
  type PublishedPart,
  type ToolState,
} from "@holdfast/protocol";
import type { BlobChoice } from "./blob-content.ts";
import { present } from "./present.ts";
import { publishedError } from "./published-message.ts";
import { publishedModel, publishedTokens } from "./published-session.ts";
import type { Tell } from "./telling.ts";
import { toldJson } from "./told-json.ts";

export type PartContext = {
  tell: Tell;
  /** What of a file's content may go. */
  blobOf: (url: string, mime: string) => BlobChoice;
};

type Shown = Record<string, unknown> & { type: PublishedPart["type"] };

/** Undefined for what is not shown to readers: what machines wrote for the model, trees of files, and parts of messages that still wait. */
export function publishedPart(
  part: Part,
  message: MessageInfo,
  context: PartContext,
): OperationPayload<"message.part.updated"> | undefined {
  if (message.ordinal === undefined || part.ordinal === undefined) return undefined;
  const isLive = message.role === "assistant" && message.time.completed === undefined;
  const shown = PROJECTIONS[part.type](part as never, { ...context, isLive });
  if (shown === undefined) return undefined;
  const { id, messageId, ordinal } = part;
  return { part: { id, messageId, ordinal, ...shown } as PublishedPart };
}

/** `isLive`: its message is being written, so that texts without an end may grow. */
type Context = PartContext & { isLive: boolean };

type Projections = { [T in Part["type"]]: (part: PartOf<T>, context: Context) => Shown | undefined };

const PROJECTIONS: Projections = {
  text(part, { tell, isLive }) {
    if (part.synthetic === true) return undefined;
    const { type, ignored, attempt, time } = part;
    const grows = isLive && time !== undefined && time.end === undefined;
    return {
      type,
      text: tell(part.text, { grows }),
      ...present({ ignored, attempt, time: time && publishedSpan(time) }),
    };
  },
  reasoning({ type, text, attempt, time }, { tell, isLive }) {
    const grows = isLive && time.end === undefined;
    return { type, text: tell(text, { grows }), time: publishedSpan(time), ...present({ attempt }) };
  },
  file: ({ type, ...file }, context) => ({ type, ...publishedFile(file, context) }),
  tool: publishedCall,
  "step-start": ({ type }) => ({ type }),
  "step-finish": ({ type, reason, cost, tokens }, { tell }) => ({
    type,
    reason: tell(reason),
    ...present({ cost, tokens: publishedTokens(tokens) }),
  }),
  snapshot: () => undefined,
  patch: ({ type, files, more }, { tell }) => ({
    type,
    files: files.map((path) => tell(path)),
    ...present({ more }),
  }),
  agent: ({ type, name }, { tell }) => ({ type, name: tell(name) }),
  subtask: ({ type, prompt, description, agent, model, command }, { tell }) => ({
    type,
    prompt: tell(prompt),
    description: tell(description),
    agent,
    ...present({
      model: publishedModel(model, tell),
      command: command === undefined ? undefined : tell(command),
    }),
  }),
  retry: ({ type, number, error, time }, { tell }) => ({
    type,
    number,
    error: publishedError(error, tell),
    time: { created: time.created },
  }),
  compaction: ({ type, auto, overflow }) => ({ type, auto, ...present({ overflow }) }),
};

const publishedSpan = ({ start, end }: { start: number; end?: number | undefined }) =>
  present({ start, end });

/** `callId` is the agent's; readers get the part's own id in its place. */
function publishedCall(part: PartOf<"tool">, context: Context): Shown {
  const { tell, isLive } = context;
  const grows = isLive && !isSettledTool(part.state.status);
  return {
    type: part.type,
    callId: part.id,
    tool: tell(part.tool),
    ...present({
      kind: part.kind === undefined ? undefined : tell(part.kind),
      locations: part.locations?.map(({ path, line }) => present({ path: tell(path), line })),
      diffs: part.diffs?.map(({ path, oldText, newText }) =>
        present({
          path: tell(path),
          oldText: oldText === undefined ? undefined : tell(oldText, { grows }),
          newText: tell(newText, { grows }),
        }),
      ),
    }),
    state: publishedState(part.state, context),
  };
}

function publishedState(state: ToolState, context: Context) {
  const { tell, isLive } = context;
  const { status } = state;
  // Of an input that is still told, what was read of it may end within a text.
  const isTold = isLive && status === "pending" && !isWholeJson(state.raw);
  const tellInput: Tell = (text, manner) => tell(text, { grows: isTold, ...manner });
  const said = {
    status,
    input: toldJson(state.input, tellInput) as Record<string, unknown>,
    raw: tellInput(state.raw),
    ...present({ title: state.title === undefined ? undefined : tellInput(state.title) }),
  };
  if (status === "pending") return said;
  const { output, truncated } = state;
  const grows = isLive && status === "running";
  const answered = {
    ...said,
    ...present({
      output: output === undefined ? undefined : tell(output, { grows }),
      cut: truncated === undefined ? undefined : true,
    }),
  };
  switch (status) {
    case "running":
      return { ...answered, time: { start: state.time.start } };
    case "completed":
      return {
        ...answered,
        time: { start: state.time.start, end: state.time.end },
        ...present({
          attachments: state.attachments?.map((file) => ({
            type: "file" as const,
            ...publishedFile(file, context),
          })),
        }),
      };
    case "error":
      return {
        ...answered,
        error: tell(state.error),
        time: { start: state.time.start, end: state.time.end },
      };
  }
}

function isWholeJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Where it came from is not told, only its name; its content where it may go. */
function publishedFile(
  { mime, filename, url }: { mime: string; filename?: string | undefined; url: string },
  { tell, blobOf }: Context,
) {
  const choice = blobOf(url, mime);
  return {
    mime: tell(mime),
    ...present({
      filename: filename === undefined ? undefined : tell(filename),
      blob: choice.is === "blob" ? `sha256:${choice.hash}` : undefined,
    }),
  };
}
