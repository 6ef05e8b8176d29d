/** Writes each message whole and at once: what announces a hook must have left when the hook runs, which may block this process for ever. */
import type { Writable } from "node:stream";
import { AbstractMessageWriter, type Message, type MessageWriter } from "vscode-jsonrpc/node";

/** Where frames go. Its `write` tries at once. */
export type Output = Pick<Writable, "end"> & {
  write(bytes: Uint8Array, written: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "close", listener: () => void): unknown;
};

export class FrameWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #output: Output;

  constructor(output: Output) {
    super();
    this.#output = output;
    output.on("error", (error) => this.fireError(error));
    output.on("close", () => this.fireClose());
  }

  write(message: Message): Promise<void> {
    const content = Buffer.from(JSON.stringify(message));
    const head = Buffer.from(`Content-Length: ${content.byteLength}\r\n\r\n`, "ascii");
    return new Promise((resolve, reject) => {
      this.#output.write(Buffer.concat([head, content]), (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  }

  end(): void {
    this.#output.end();
  }
}
