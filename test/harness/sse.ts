/** A bare SSE reader for tests: it keeps complete frames only, so that what it has is what was acknowledged (durability 11). */
export type Frame = { id?: string; event: string; data: Record<string, unknown> };

/** Reads frames of a stream until the server, the signal or `stop` ends it. `stop` sees every frame. */
export async function readFrames(
  response: Response,
  stop: (frame: Frame) => boolean,
): Promise<{ frames: Frame[]; stopped: boolean }> {
  const frames: Frame[] = [];
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  if (reader === undefined) throw new Error("The stream has no body.");
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return { frames, stopped: false };
      text += decoder.decode(value, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const frame = parseFrame(block);
        frames.push(frame);
        if (stop(frame)) return { frames, stopped: true };
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parseFrame(block: string): Frame {
  const fields = new Map(
    block.split("\n").map((line): [string, string] => {
      const at = line.indexOf(": ");
      return [line.slice(0, at), line.slice(at + 2)];
    }),
  );
  const frame: Frame = {
    event: fields.get("event") ?? "message",
    data: JSON.parse(fields.get("data") ?? "{}") as Record<string, unknown>,
  };
  const id = fields.get("id");
  return id === undefined ? frame : { ...frame, id };
}
