import { resolve } from "node:path";
import { createConfigFile, editConfigFile, resolveConfig } from "./config-file.ts";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";

export function show(context: Context, flags: { directory: string }): ExitCode {
  const resolved = resolveConfig(context.settings, resolve(flags.directory));
  const { output } = context;
  if (context.isJson) output.json({ path: context.settings.userConfigFile, settings: resolved });
  else if (Object.keys(resolved).length === 0) output.note("Nothing is set; the defaults hold.");
  else {
    output.table(
      Object.entries(resolved).map(([key, { value, source, place }]) => [
        key,
        JSON.stringify(value),
        source === "environment" ? source : `${source}: ${place}`,
      ]),
    );
  }
  return EXIT.completed;
}

export function path(context: Context): ExitCode {
  const { userConfigFile } = context.settings;
  if (context.isJson) context.output.json({ path: userConfigFile });
  else context.output.line(userConfigFile);
  return EXIT.completed;
}

export function init(context: Context): ExitCode {
  createConfigFile(context.settings.userConfigFile);
  return path(context);
}

export function set(context: Context, key: string, text: string): ExitCode {
  editConfigFile(context.settings.userConfigFile, key, jsonOrText(text));
  return EXIT.completed;
}

export function unset(context: Context, key: string): ExitCode {
  editConfigFile(context.settings.userConfigFile, key, undefined);
  return EXIT.completed;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
