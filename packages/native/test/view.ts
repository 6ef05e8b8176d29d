import { toModelMessages, type ViewOptions } from "../src/view/index.ts";
/** What the model's view is expected to be, and the view of rows. */
import { Rows } from "./rows.ts";

/** Of one attached text file so much is given. */
export const TEXT_FILE = 128 * 1024;

const PNG = new Uint8Array([1, 2, 3]);
const BLOBS: Record<string, Uint8Array> = {
  png: PNG,
  empty: new Uint8Array(),
  text: new TextEncoder().encode("a: 1"),
  long: new TextEncoder().encode("y".repeat(TEXT_FILE + 7)),
  whole: new TextEncoder().encode("the whole output"),
};

export const OPTIONS: ViewOptions = {
  model: { providerId: "anthropic", modelId: "claude-x" },
  kind: "anthropic",
  facts: {},
  blob: (hash) => Promise.resolve(BLOBS[hash]),
};

export const view = (rows: Rows, over: Partial<ViewOptions> = {}) =>
  toModelMessages(rows.messages, { ...OPTIONS, ...over });

export const said = (words: string) => ({ type: "text", text: words });
export const user = (...content: (string | object)[]) => ({
  role: "user",
  content: content.map((each) => (typeof each === "string" ? said(each) : each)),
});
export const assistant = (...content: (string | object)[]) => ({ ...user(...content), role: "assistant" });
export const called = (toolCallId: string, over: object = {}) => ({
  type: "tool-call",
  toolCallId,
  toolName: "bash",
  input: { command: "ls" },
  ...over,
});
export const result = (toolCallId: string, output: object) => ({
  role: "tool",
  content: [{ type: "tool-result", toolCallId, toolName: "bash", output }],
});
export const image = {
  type: "file",
  data: { type: "data", data: PNG },
  mediaType: "image/png",
  filename: "a.png",
};

/** One question, and an answer of these parts. */
export function answered(
  parts: Parameters<Rows["answer"]>[0],
  over: Parameters<Rows["answer"]>[1] = {},
): Rows {
  const rows = new Rows();
  rows.user("go");
  rows.answer(parts, over);
  return rows;
}
