import type { Frame } from "../events/recording-sink.ts";

/** Reads whole SSE frames; throws on anything else. */
export function parseFrames(text: string): Frame[] {
  const blocks = text.split("\n\n");
  if (blocks.pop() !== "") throw new Error("a frame is cut");
  return blocks.map((block) => {
    const match = /^(?:id: (.+)\n)?event: (.+)\ndata: (.+)$/.exec(block);
    if (match === null) throw new Error(`not a frame: ${block}`);
    const [, id, event = "", data = ""] = match;
    const frame = { event, data: JSON.parse(data) as Record<string, unknown> };
    return id === undefined ? frame : { ...frame, id };
  });
}
