import { describe, expect, test } from "vitest";
import { encodeFrame, FrameError, FrameSplitter } from "./frames.ts";

/** Bodies of the bytes, cut into pieces of this length. */
function bodies(bytes: Buffer, size: number, limit = 1_000): string[] {
  const frames = new FrameSplitter(limit);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += size)
    for (const body of frames.push(bytes.subarray(at, at + size))) found.push(body.toString("utf8"));
  return found;
}

const frame = (text: string) => encodeFrame(text);

describe("[A-12] frames", () => {
  test.each([1, 2, 3, 7, 64, 10_000])("[A-12] are the same whatever the chunks of %i bytes are", (size) => {
    const said = ["one", "", "zwölf ❄", "x".repeat(900)];
    const bytes = Buffer.concat(said.map(frame));
    expect(bodies(bytes, size)).toEqual(said.map((text) => JSON.stringify(text)));
  });

  test("[A-12] further headers and another case are taken", () => {
    expect(bodies(Buffer.from("Content-Type: x\r\ncontent-length: 2\r\n\r\n{}"), 5)).toEqual(["{}"]);
  });

  test.each([
    ["a frame over the limit", "Content-Length: 1001\r\n\r\n", /of 1001 bytes, and may write 1000/],
    ["a length that is none", "Content-Length: many\r\n\r\n", /no message/],
    ["a header without a length", "Length: 5\r\n\r\n", /no message/],
    ["noise", "hello\n".repeat(300), /no message/],
  ])("[A-12] %s is refused before anything of it is kept", (_name, text, message) => {
    expect(() => bodies(Buffer.from(text), 16)).toThrow(FrameError);
    expect(() => bodies(Buffer.from(text), 16)).toThrow(message);
  });
});
