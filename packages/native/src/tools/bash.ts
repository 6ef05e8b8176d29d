import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { locate, type Place, plain } from "./files/index.ts";
import { type CommandEnd, outsideWords, patternsOf, runCommand } from "./shell/index.ts";
import { type Tool, type ToolContext, ToolError } from "./tool.ts";

/** Seconds that a command may run: below the hour after which a tool is given up (A-18). */
const DEFAULT_SECONDS = 120;
const MAX_SECONDS = 3_000;

const input = z.object({
  command: z
    .string()
    .min(1)
    .max(100_000)
    .refine((command) => command.trim() !== "" && !command.includes("\0"), "Expected a command without NUL.")
    .describe("What bash runs. It has no stdin, and each call begins anew in its directory."),
  description: z.string().max(200).optional().describe("What it does, in five to ten words, for people."),
  directory: z.string().optional().describe("Where it runs; the workspace by default. Prefer this to cd."),
  timeout: z.number().min(1).max(MAX_SECONDS).optional().describe(`Seconds; ${DEFAULT_SECONDS} by default.`),
});

export const bashTool: Tool<typeof input> = {
  id: "bash",
  kind: "execute",
  description:
    "Runs a command in a shell, and gives what it prints, stdout and stderr together. To read, find and change files use the tools that are made for it.",
  input,
  title: ({ command, description }) => plain(description ?? command.slice(0, 200)),
  locations: ({ directory: named = "." }, { directory }) => [{ path: resolve(directory, named) }],
  async run({ command, description, directory = ".", timeout = DEFAULT_SECONDS }, context) {
    const place = await locate(context, directory);
    const found = await stat(place.path).catch(() => undefined);
    if (found?.isDirectory() !== true) throw new ToolError(`${place.shown} is no directory.`);
    const title = plain(description ?? command.slice(0, 200));
    await permitCommand(command, place, context);
    const end = await runCommand(command, {
      cwd: place.path,
      environment: context.environment,
      timeoutMs: timeout * 1_000,
      signal: context.signal,
      clock: context.clock,
      show: (output) => context.tell({ output }),
    });
    return {
      title,
      output: told(end, timeout),
      keep: "tail",
      metadata: {
        exit: end.exitCode,
        ...(end.signal === null ? {} : { signal: end.signal }),
        ...(end.ended === undefined ? {} : { ended: end.ended }),
      },
    };
  },
};

/** What it runs, and where outside of the workspace it goes: a rule has to cover each of them. */
async function permitCommand(
  command: string,
  { path: cwd, isOutside }: Place,
  context: ToolContext,
): Promise<void> {
  const patterns = patternsOf(command);
  const workspaces = [context.directory, await realpath(context.directory)];
  const outside = outsideWords(patterns, { workspaces, cwd, home: context.environment["HOME"] });
  await context.permit({
    title: command,
    kind: "execute",
    patterns: [...new Set([...patterns, ...(isOutside ? [cwd] : []), ...outside])],
  });
}

function told({ exitCode, signal, output, lost, ended }: CommandEnd, timeout: number): string {
  const notes = [
    ...(output === "" ? ["(It printed nothing.)"] : []),
    ...(ended === "timeout" ? [`(It was ended after ${timeout} s.)`] : []),
    ...(ended === "abort" ? ["(It was ended: somebody stopped this turn.)"] : []),
    ...(ended === undefined && exitCode !== 0 ? [`(Exit code ${exitCode ?? `none: ${signal}`}.)`] : []),
  ];
  const start = lost === 0 ? "" : `(${lost} characters before this were not kept.)\n`;
  const text = start + output;
  if (notes.length === 0) return text;
  return text === "" ? notes.join("\n") : `${text}${text.endsWith("\n") ? "" : "\n"}${notes.join("\n")}`;
}
