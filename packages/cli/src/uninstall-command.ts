/** `holdfast uninstall`: says what of Holdfast is where, and what would remove it (I-27). It stops nothing and deletes nothing. */
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { configSchema } from "@holdfast/protocol";
import { readConfigFile } from "./config-file.ts";
import { readPlace } from "./config.ts";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { exactLine, shellLine } from "./output.ts";
import { findServer } from "./server-file.ts";
import { serviceFile } from "./service-commands.ts";

const MEGABYTE = 1_048_576;

export function uninstall(context: Context): ExitCode {
  const { output, settings } = context;
  const { dataDirectory, userConfigFile } = settings;
  const { worktreeDirectory } = readConfigFile(userConfigFile, configSchema) ?? {};
  const worktrees = worktreeDirectory ?? join(dataDirectory, "worktrees");
  const service = serviceFile(context);
  const places = [
    { what: "sessions and everything else that Holdfast keeps", path: dataDirectory, command: ["rm", "-r"] },
    { what: "worktrees, which may hold work that is nowhere else", path: worktrees, command: ["rm", "-r"] },
    { what: "configuration", path: userConfigFile, command: ["rm"] },
    {
      what: "what the command compiled, which it makes again",
      path: readPlace().compiled,
      command: ["rm", "-r"],
    },
    ...(service === undefined ? [] : [{ what: "service", path: service, command: [] }]),
  ]
    .filter(({ path }) => existsSync(path))
    .map((place) => ({ ...place, bytes: bytesOf(place.path) }));
  const isRunning = findServer(dataDirectory).state === "running";
  const isWithin = (path: string) => path !== dataDirectory && path.startsWith(`${dataDirectory}/`);
  const commands = [
    ...(places.some(({ path }) => path === service) ? ["holdfast service remove"] : []),
    ...(isRunning ? ["holdfast stop"] : []),
    "npm uninstall -g holdfast",
    ...places
      .filter(({ path, command }) => command.length > 0 && !isWithin(path))
      .map(({ path, command }) => shellLine([...command, path])),
  ];
  if (context.isJson) {
    output.json({
      running: isRunning,
      places: places.map(({ what, path, bytes }) => ({ what, path, bytes })),
      commands,
    });
    return EXIT.completed;
  }
  output.line("Nothing is stopped or removed by this. What is there:");
  output.table(
    places.map(({ what, path, bytes }) => [
      `  ${(bytes / MEGABYTE).toFixed(1)} MB`,
      `${exactLine(path)}${isWithin(path) ? ", within that" : ""}: ${what}`,
    ]),
  );
  output.line(`
In your repositories: worktrees that git knows (\`git worktree list\`), and refs below refs/holdfast/. \`holdfast worktree list\` and
\`holdfast changes list\` tell what waits in them; \`holdfast worktree remove\` takes one away without loss. In your shell: the line for completion.

What removes it, and cannot be undone:`);
  for (const command of commands) output.line(`  ${command}`);
  return EXIT.completed;
}

/** Bytes of the files at or below a path, as far as they can be looked at; links are not followed. */
function bytesOf(path: string): number {
  try {
    const stat = lstatSync(path);
    if (!stat.isDirectory()) return stat.size;
    return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
  } catch {
    // Gone meanwhile, or not ours to read.
    return 0;
  }
}
