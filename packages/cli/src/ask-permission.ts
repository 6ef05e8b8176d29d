import { createInterface } from "node:readline";
import type { Permission, PermissionReply } from "@holdfast/protocol";
import { oneLine, withoutControls, type Output } from "./output.ts";

const ANSWERS: Readonly<Record<string, PermissionReply>> = {
  o: "once",
  once: "once",
  y: "once",
  a: "always",
  always: "always",
  r: "reject",
  reject: "reject",
  n: "reject",
};

type Streams = { input: NodeJS.ReadableStream; output: NodeJS.WritableStream };

/**
 * Asks the person at the terminal, until there is an answer that can be understood; undefined when there is none to come: somebody else answered
 * first (the signal), or the terminal is closed.
 */
export async function askPermission(
  permission: Permission,
  output: Output,
  signal: AbortSignal,
  streams: Streams = { input: process.stdin, output: process.stderr },
): Promise<PermissionReply | undefined> {
  const { err } = output;
  const facts = Object.entries(permission.args).map(
    ([key, value]) => `  ${oneLine(key, 40)}: ${shown(value)}`,
  );
  const question = [
    `${err.yellow("?")} ${err.bold(oneLine(permission.agent, 40))} asks: ${oneLine(permission.title, 200)} ${err.dim(`(${oneLine(permission.kind, 40)})`)}`,
    ...facts,
    `  [o]nce, [a]lways, [r]eject: `,
  ].join("\n");
  if (signal.aborted) return undefined;
  const lines = createInterface({ input: streams.input, terminal: false });
  const close = () => lines.close();
  signal.addEventListener("abort", close, { once: true });
  streams.output.write(question);
  try {
    for await (const line of lines) {
      const reply = ANSWERS[line.trim().toLowerCase()];
      if (reply !== undefined) return reply;
      streams.output.write(question);
    }
    return undefined;
  } finally {
    signal.removeEventListener("abort", close);
    lines.close();
  }
}

/** Arguments decide the answer, so they are shown whole up to a screenful. */
function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return withoutControls(text.slice(0, 2_000)).replaceAll("\n", "\n    ");
}
