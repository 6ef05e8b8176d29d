/**
 * `TAP_FILE=FILE node tap.ts PROGRAM ARGS...`: runs an ACP agent in its own place and writes down what passes between Holdfast and it, line by line, in
 * the order in which both happened: `{from, message}`. What is no JSON is passed on and not kept. The file is no argument, because Holdfast opens an agent
 * anew when a file among its arguments changes.
 */
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import process from "node:process";
import type { Readable, Writable } from "node:stream";

const [program = "", ...args] = process.argv.slice(2);
const file = process.env["TAP_FILE"] ?? "";
const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
pass("client", process.stdin, child.stdin);
pass("agent", child.stdout, process.stdout);
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("close", (code) => process.exit(code ?? 1));

function pass(from: "client" | "agent", source: Readable, target: Writable): void {
  let rest = "";
  // A peer that is gone takes nothing more; the other one hears of it by the end of its own pipe.
  target.on("error", () => undefined);
  source.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) keep(from, line);
    target.write(text);
  });
  source.on("end", () => target.end());
}

function keep(from: "client" | "agent", line: string): void {
  try {
    const message: unknown = JSON.parse(line);
    appendFileSync(file, `${JSON.stringify({ from, message })}\n`);
  } catch {
    // Noise.
  }
}
