/** What the model is told that a call came to (session-model 11.3, 12): exactly one result for each call, whatever became of it. */
import type { ToolPart } from "@holdfast/protocol";
import type { FilePart as SentFile, TextPart as SentText, ToolResultPart } from "ai";
import { hashOf, mediaPart, mediumOf, takesInResults } from "./media.ts";
import type { ViewOptions } from "./options.ts";
import { cutNote, WORDS } from "./words.ts";

type Output = ToolResultPart["output"];
type State<S extends ToolPart["state"]["status"]> = Extract<ToolPart["state"], { status: S }>;
type Truncated = { hash: string; bytes: number; lines: number };

/** Bytes of a text of this agent's own that the rows hold in two pieces: it was cut before it was said, so that longer ones were never seen. */
const OWN_BYTES = 128 * 1024;

export type Result = {
  output: Output;
  /** Content that the provider takes in a user message only. */
  beside: (SentFile | SentText)[];
};

export async function resultOf({ state }: ToolPart, isOwn: boolean, options: ViewOptions): Promise<Result> {
  switch (state.status) {
    case "pending":
    case "running":
      return { output: errorText(WORDS.interrupted), beside: [] };
    case "error":
      return { output: await failure(state, isOwn, options), beside: [] };
    case "completed":
      if (state.time.compacted !== undefined) return { output: plain(WORDS.cleared), beside: [] };
      return completed(state, await whole(state.output, state.truncated, isOwn, options), options);
  }
}

const plain = (value: string): Output => ({ type: "text", value: value === "" ? WORDS.noOutput : value });
const errorText = (value: string): Output => ({ type: "error-text", value });

/** What a call that was cut off had said so far is its result. */
async function failure(state: State<"error">, isOwn: boolean, options: ViewOptions): Promise<Output> {
  const { metadata, output } = state;
  if (metadata?.["interrupted"] === true) {
    const told = output === undefined || output === "" ? metadata["output"] : output;
    if (typeof told === "string" && told !== "")
      return plain(await whole(told, state.truncated, false, options));
  }
  // Of a call with an output, that is what was cut.
  const cut = output === undefined ? state.truncated : undefined;
  return errorText(await whole(state.error, cut, isOwn, options));
}

async function whole(
  text: string,
  truncated: Truncated | undefined,
  isOwn: boolean,
  { blob }: ViewOptions,
): Promise<string> {
  if (truncated === undefined) return text;
  if (isOwn && truncated.bytes <= OWN_BYTES) {
    const bytes = await blob(truncated.hash);
    if (bytes !== undefined) return new TextDecoder().decode(bytes);
  }
  return text + cutNote(truncated);
}

async function completed(
  { attachments = [] }: State<"completed">,
  output: string,
  options: ViewOptions,
): Promise<Result> {
  if (options.stripMedia === true) return { output: plain(output), beside: [] };
  const sent: (SentFile | SentText)[] = [];
  for (const file of attachments) {
    const medium = mediumOf(file.mime);
    if (medium !== undefined && hashOf(file) !== undefined) sent.push(await mediaPart(file, medium, options));
  }
  const texts = sent.flatMap((part) => (part.type === "text" ? [part.text] : []));
  const files = sent.flatMap((part) => (part.type === "file" ? [part] : []));
  const said = [output, ...texts].filter((each) => each !== "").join("\n");
  if (files.length === 0) return { output: plain(said), beside: [] };
  if (!takesInResults(options))
    return { output: plain(said), beside: [{ type: "text", text: WORDS.fromTools }, ...files] };
  const words = said === "" ? [] : [{ type: "text" as const, text: said }];
  return { output: { type: "content", value: [...words, ...files.map(inResult)] }, beside: [] };
}

type Content = Extract<Output, { type: "content" }>["value"][number];

function inResult({ data, mediaType, filename }: SentFile): Content {
  const bytes = data as Extract<Content, { type: "file" }>["data"];
  return { type: "file", data: bytes, mediaType, ...(filename === undefined ? {} : { filename }) };
}
