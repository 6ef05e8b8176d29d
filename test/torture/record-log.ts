/**
 * What the recorder received, line by line as JSON, in the order of arrival (`n`). Reading it decides what was acknowledged (durability 11): a
 * complete HTTP answer and a complete SSE frame are; an answer or a frame that was cut is not.
 */
import { readFileSync } from "node:fs";

export type RequestLine = {
  kind: "request";
  method: string;
  path: string;
  key?: string | undefined;
  lastEventId?: string | undefined;
  /** What a stream is for: `chain` goes on where the last one was cut, `fresh` begins at 0. */
  label?: "chain" | "fresh" | undefined;
  body?: string | undefined;
};

export type RecordLine = { n: number; at: number; id: string } & (
  | RequestLine
  | { kind: "head"; status: number; replayed: boolean; stream: boolean }
  | { kind: "data"; base64: string }
  /** `complete`: the transfer coding said that nothing is missing. */
  | { kind: "end"; complete: boolean; error?: string | undefined }
);

/** A complete SSE frame; `n` is the arrival of its last byte. */
export type Frame = { n: number; event: string; id?: string; data: unknown };

export type Answer = { n: number; status: number; replayed: boolean; body: unknown };

/** One request with what came back of it. */
export type Exchange = Omit<RequestLine, "kind"> & {
  id: string;
  n: number;
  /** Name of the file, for messages. */
  file: string;
  answer?: Answer;
  frames: Frame[];
};

export function readRecords(file: string): Exchange[] {
  return decodeRecords(readFileSync(file, "utf8"), file.replace(/^.*\//, ""));
}

/** Exchanges in the order of their requests. The file's last line may be torn. */
export function decodeRecords(text: string, file: string): Exchange[] {
  const exchanges = new Map<string, { exchange: Exchange; decoder: Decoder }>();
  const lines = text.split("\n");
  lines.forEach((json, index) => {
    if (json === "") return;
    let line: RecordLine;
    try {
      line = JSON.parse(json) as RecordLine;
    } catch (error) {
      if (index === lines.length - 1) return;
      throw error;
    }
    if (line.kind === "request") {
      const { kind: _kind, at: _at, ...request } = line;
      const exchange: Exchange = { ...request, file, frames: [] };
      exchanges.set(line.id, { exchange, decoder: new Decoder(exchange) });
    } else exchanges.get(line.id)?.decoder.take(line);
  });
  return [...exchanges.values()].map(({ exchange }) => exchange);
}

/** Collects the bytes of one answer. */
class Decoder {
  readonly #exchange: Exchange;
  readonly #text = new TextDecoder();
  #head: Extract<RecordLine, { kind: "head" }> | undefined;
  #body = "";

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  take(line: RecordLine): void {
    if (line.kind === "head") this.#head = line;
    else if (line.kind === "data") this.#data(line.n, Buffer.from(line.base64, "base64"));
    else if (line.kind === "end" && line.complete && this.#head?.stream === false) this.#end(line.n);
  }

  #data(n: number, bytes: Uint8Array): void {
    this.#body += this.#text.decode(bytes, { stream: true });
    if (this.#head?.stream !== true) return;
    const blocks = this.#body.split("\n\n");
    this.#body = blocks.pop() ?? "";
    for (const block of blocks) this.#exchange.frames.push({ n, ...parseFrame(block) });
  }

  #end(n: number): void {
    const { status = 0, replayed = false } = this.#head ?? {};
    const body: unknown = this.#body === "" ? undefined : JSON.parse(this.#body);
    this.#exchange.answer = { n, status, replayed, body };
  }
}

/** One block of an event stream, without its blank line. */
export function parseFrame(block: string): Omit<Frame, "n"> {
  let event = "message";
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7);
    else if (line.startsWith("id: ")) id = line.slice(4);
    else if (line.startsWith("data: ")) data.push(line.slice(6));
  }
  const parsed: unknown = data.length === 0 ? undefined : JSON.parse(data.join("\n"));
  return id === undefined ? { event, data: parsed } : { event, id, data: parsed };
}
