import { createInterface } from "node:readline";
import type { Permission, PermissionReply } from "@holdfast/protocol";
import { oneLine, withoutControls, type Output } from "./output.ts";

/** What a person may type, and what it means. */
export const ANSWERS: Readonly<Record<string, PermissionReply>> = {
  o: "once",
  once: "once",
  y: "once",
  yes: "once",
  a: "always",
  always: "always",
  r: "reject",
  reject: "reject",
  n: "reject",
  no: "reject",
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
  const question = `${requestText(permission, output.err)}\n  [o]nce, [a]lways, [r]eject: `;
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

/** Who asks for what, with its arguments, as lines for a person. */
export function requestText(permission: Permission, colors: Output["err"]): string {
  const facts = Object.entries(permission.args).map(
    ([key, value]) => `  ${oneLine(key, 40)}: ${shown(value)}`,
  );
  return [
    `${colors.yellow("?")} ${colors.bold(oneLine(permission.agent, 40))} asks: ${oneLine(permission.title, 200)} ${colors.dim(`(${oneLine(permission.kind, 40)})`)}`,
    ...facts,
  ].join("\n");
}

/** Arguments decide the answer, so they are shown whole up to a screenful. */
function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return withoutControls(text.slice(0, 2_000)).replaceAll("\n", "\n    ");
}
