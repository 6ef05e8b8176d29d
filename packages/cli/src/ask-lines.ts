import { createInterface } from "node:readline";

export type Streams = { input: NodeJS.ReadableStream; output: NodeJS.WritableStream };

/**
 * Asks the person at the terminal, line after line, until one makes the answer; undefined when there is none to come: somebody else answered first (the
 * signal), or the terminal is closed. `take` answers what to ask next.
 */
export async function askLines<T>(
  first: string,
  signal: AbortSignal,
  streams: Streams = { input: process.stdin, output: process.stderr },
  take: (line: string) => { answer: T } | { ask: string },
): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  const lines = createInterface({ input: streams.input, terminal: false });
  const close = () => lines.close();
  signal.addEventListener("abort", close, { once: true });
  streams.output.write(first);
  try {
    for await (const line of lines) {
      const taken = take(line);
      if ("answer" in taken) return taken.answer;
      streams.output.write(taken.ask);
    }
    return undefined;
  } finally {
    signal.removeEventListener("abort", close);
    lines.close();
  }
}
