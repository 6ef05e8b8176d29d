import { Readable, type Writable } from "node:stream";
import { ndJsonStream, type Stream } from "@agentclientprotocol/sdk";

/** The ACP message stream over stdin and stdout, and a way to put raw lines between its messages. */
export type StdioStream = { readonly stream: Stream; readonly writeLine: (line: string) => Promise<void> };

/**
 * Opens the stream. A write resolves only when the operating system took it, so whoever awaits his messages goes no faster
 * than the client reads. Every message and every raw line is one write: they never mix.
 */
export function openStdio(input: Readable, output: Writable): StdioStream {
  const write = (bytes: Uint8Array | string) =>
    new Promise<void>((resolve, reject) => {
      output.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  const sink = new WritableStream<Uint8Array>({ write });
  const source = Readable.toWeb(input) as ReadableStream<Uint8Array>;
  return { stream: ndJsonStream(sink, source), writeLine: (line) => write(`${line}\n`) };
}
