/**
 * Configuration files: JSONC, edited in place so that comments live (I-12). A file that cannot be parsed is an error and is never
 * replaced; a file is replaced as a whole by rename, so that a reader sees the old or the new one.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Config, configSchema, projectConfigSchema } from "@holdfast/protocol";
import { type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import type { Settings } from "./config.ts";
import { CliError, EXIT } from "./exit-code.ts";
import { setMember } from "./jsonc-edit.ts";

/** A project's own file, looked for in the directory and its parents. */
export const PROJECT_CONFIG_FILE = ".holdfast.jsonc";

/** Folders looked at upwards from the directory. */
const PROJECT_SEARCH_DEPTH = 64;

export type Source = "environment" | "project" | "user";
export type Resolved = { value: unknown; source: Source; place: string };

/** The settings that hold in a directory, each with where it comes from: environment > project > user. */
export function resolveConfig(settings: Settings, directory: string): Record<string, Resolved> {
  const project = findProjectFile(directory);
  const layers: [Source, string, Readonly<Record<string, unknown>>][] = [
    ["user", settings.userConfigFile, readConfigFile(settings.userConfigFile, configSchema) ?? {}],
  ];
  if (project !== undefined)
    layers.push(["project", project, readConfigFile(project, projectConfigSchema) ?? {}]);
  layers.push(["environment", "environment", settings.fromEnvironment]);
  const resolved: Record<string, Resolved> = {};
  for (const [source, place, values] of layers) {
    for (const [key, value] of Object.entries(values)) {
      if (key !== "$schema" && value !== undefined) resolved[key] = { value, source, place };
    }
  }
  return resolved;
}

/** Values of new sessions that flags did not give. */
export function sessionDefaults(
  settings: Settings,
  directory: string,
): { agent?: string; approvalMode?: Config["approvalMode"] } {
  const { agent, approvalMode } = resolveConfig(settings, directory);
  const parsed = projectConfigSchema.safeParse({ agent: agent?.value, approvalMode: approvalMode?.value });
  if (!parsed.success) throw invalid("The environment", parsed.error.issues);
  return {
    ...(parsed.data.agent === undefined ? {} : { agent: parsed.data.agent }),
    ...(parsed.data.approvalMode === undefined ? {} : { approvalMode: parsed.data.approvalMode }),
  };
}

type Shape<T> = {
  safeParse(
    value: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly { path: PropertyKey[]; message: string }[] } };
};

/** The file's content, or undefined when there is no file. Throws CliError when it cannot be read, parsed or understood. */
export function readConfigFile<T>(path: string, shape: Shape<T>): T | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  const parsed = shape.safeParse(parseText(path, text));
  if (parsed.success) return parsed.data;
  throw invalid(path, parsed.error.issues);
}

/** Sets or, with undefined, removes one top-level setting; the rest of the text stays as it is. Creates the file when there is none. */
export function editConfigFile(path: string, key: string, value: unknown): void {
  const before = readText(path) ?? "{}\n";
  parseText(path, before);
  const after = setMember(before, key, value);
  const parsed = configSchema.safeParse(parseText(path, after));
  if (!parsed.success) throw invalid(`${key} in ${path}`, parsed.error.issues);
  replaceFile(path, after);
}

/** Writes a first, commented file. Throws CliError (7) when there is one. */
export function createConfigFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, TEMPLATE, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw new CliError(EXIT.conflict, `${path} exists already. It was left as it is.`);
    // Half a file would count as one.
    rmSync(path, { force: true });
    throw error;
  }
}

const TEMPLATE = `{
  // Settings of Holdfast. A flag wins over the environment, that over a project's ${PROJECT_CONFIG_FILE}, that over this file.
  // "agent": "rehearsal",
  // "approvalMode": "ask",
  // "port": 4680
}
`;

function findProjectFile(directory: string): string | undefined {
  let current = resolve(directory);
  for (let depth = 0; depth < PROJECT_SEARCH_DEPTH; depth += 1) {
    const path = join(current, PROJECT_CONFIG_FILE);
    if (readText(path) !== undefined) return path;
    if (dirname(current) === current) return undefined;
    current = dirname(current);
  }
  return undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new CliError(EXIT.usage, `${path} cannot be read: ${message}`);
  }
}

function parseText(path: string, text: string): unknown {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true }) ?? {};
  const first = errors[0];
  if (first === undefined) return value;
  const line = text.slice(0, first.offset).split("\n").length;
  throw new CliError(
    EXIT.usage,
    `${path}:${line}: ${printParseErrorCode(first.error)}. The file was left as it is.`,
  );
}

function invalid(what: string, issues: readonly { path: PropertyKey[]; message: string }[]): CliError {
  const lines = issues.map((issue) => `  ${issue.path.join(".") || "(top)"}: ${issue.message}`);
  return new CliError(EXIT.usage, `${what} is not valid:\n${lines.join("\n")}`);
}

/** Writes a file of the user's own anew; a reader sees the old or the new one, and what fails leaves nothing beside it. */
export function replaceWhole(path: string, text: string, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text, { mode });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function replaceFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  replaceWhole(path, text);
}
