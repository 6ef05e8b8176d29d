import { vi } from "vitest";
import type { Frame } from "../events/recording-sink.ts";
import { parseFrames } from "./parse-frames.ts";
import type { ServerUnderTest } from "./server-under-test.ts";

/** A reader of an event stream over fetch, as the page is one. */
export class StreamReader {
  readonly response: Response;
  text = "";
  isOver = false;
  readonly #controller: AbortController;

  private constructor(response: Response, controller: AbortController) {
    this.response = response;
    this.#controller = controller;
    void this.#read();
  }

  static async open(
    server: ServerUnderTest,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<StreamReader> {
    const controller = new AbortController();
    const response = await server.fetch(path, { headers, signal: controller.signal });
    return new StreamReader(response, controller);
  }

  get frames(): Frame[] {
    return parseFrames(this.text.slice(0, this.text.lastIndexOf("\n\n") + 2));
  }

  get seqs(): number[] {
    return this.frames.filter((frame) => frame.id !== undefined).map((frame) => Number(frame.data["seq"]));
  }

  async until(event: string): Promise<void> {
    const hasCome = (): boolean => this.frames.some((frame) => frame.event === event);
    await vi.waitUntil(hasCome);
  }

  leave(): void {
    this.#controller.abort();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      const body = this.response.body as AsyncIterable<Uint8Array> | null;
      for await (const chunk of body ?? []) this.text += decoder.decode(chunk, { stream: true });
    } catch {
      // A cut stream ends like any other for its reader.
    }
    this.isOver = true;
  }
}
