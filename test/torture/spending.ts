/** Preloaded into the rehearsal agent: every prompt's answer tells what it used, so that totals have something to count. */
const TOKENS = { inputTokens: 7, outputTokens: 3, totalTokens: 10 };

type Answer = { result?: { stopReason?: unknown } };

/** One message of the protocol; only answers to prompts have a stop reason. */
function billed(line: string): string {
  if (!line.includes('"stopReason"')) return line;
  const message = JSON.parse(line) as Answer;
  if (message.result?.stopReason === undefined) return line;
  return JSON.stringify({ ...message, result: { ...message.result, usage: TOKENS } });
}

// The agent writes whole lines.
const { stdout } = process;
const write = stdout.write.bind(stdout);
stdout.write = (chunk: string | Uint8Array, ...rest: []) => {
  const text = typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
  return write(text.split("\n").map(billed).join("\n"), ...rest);
};
