/** `holdfast mcp`: the MCP servers that the agents of a project, or of one session, are given. */
import {
  givenServers,
  type McpServer,
  type PatchMcpServers,
  resourceMention,
  type ShownMcpServer,
  type ShownMcpServers,
} from "@holdfast/protocol";
import { readVariable } from "./config.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { exactLine, shellLine } from "./output.ts";
import { findProject } from "./work-place.ts";

/** Whose servers: those of the directory's project, or those that one session has over them. */
export type PlaceFlags = { directory: string; session?: string };

export type AddFlags = PlaceFlags & { http?: string; sse?: string; env?: string[]; header?: string[] };

/** The servers of a project; of a session all that its agents are given, and what it leaves out. */
export async function list(context: Context, flags: PlaceFlags): Promise<ExitCode> {
  const { client } = context.connect();
  const session = flags.session === undefined ? undefined : await client.getSession(flags.session);
  const project = await findProject(client, flags.session ?? flags.directory);
  const own = session?.mcpServers ?? {};
  const { output } = context;
  if (context.isJson) {
    const found = { project: project.mcpServers ?? {}, ...(session === undefined ? {} : { session: own }) };
    output.json(found);
    return EXIT.completed;
  }
  const given = givenServers<ShownMcpServer>(project.mcpServers, own);
  const off = Object.entries(own).filter(([, { type }]) => type === "off");
  if (given.length + off.length === 0) output.note("No MCP servers.");
  output.table([
    ...given.map(({ name, ...server }) => [
      name,
      server.type,
      Object.hasOwn(own, name) ? "session" : "project",
      textOf(server),
    ]),
    ...off.map(([name]) => [name, "off", "session", "not given to this session's agents"]),
  ]);
  return EXIT.completed;
}

function textOf(server: ShownMcpServer): string {
  if (server.type === "off") return "";
  const names = server.type === "stdio" ? server.env : server.headers;
  const what =
    server.type === "stdio" ? shellLine([server.command, ...(server.args ?? [])]) : exactLine(server.url);
  return names === undefined || names.length === 0 ? what : `${what}  (${exactLine(names.join(", "))})`;
}

/** What the servers have that the agents of a session are given, each as it is mentioned. */
export async function resources(context: Context, { session }: { session: string }): Promise<ExitCode> {
  const { output } = context;
  const found = await context.connect().client.listResources(session);
  if (context.isJson) output.json(found);
  else {
    output.table(
      found.items.map(({ server, uri, name, title, mimeType }) => [
        exactLine(resourceMention(server, uri) ?? uri),
        exactLine(title ?? name),
        exactLine(mimeType ?? ""),
      ]),
    );
    if (found.items.length === 0) output.note("No resources.");
    for (const { server, message } of found.problems) output.note(`${server}: ${exactLine(message)}`);
  }
  return EXIT.completed;
}

export async function add(
  context: Context,
  name: string,
  command: readonly string[],
  flags: AddFlags,
): Promise<ExitCode> {
  return change(context, flags, { [name]: serverOf(command, flags) });
}

export async function remove(context: Context, name: string, flags: PlaceFlags): Promise<ExitCode> {
  const { client } = context.connect();
  const { session } = flags;
  const owner =
    session === undefined ? await findProject(client, flags.directory) : await client.getSession(session);
  if (!Object.hasOwn(owner.mcpServers ?? {}, name)) {
    const whose = session === undefined ? "The project has" : "The session has of its own";
    const way = session === undefined ? "" : `; \`holdfast mcp off\` leaves out one of its project`;
    throw new CliError(EXIT.notFound, `${whose} no MCP server ${exactLine(name, 80)}${way}.`);
  }
  return change(context, flags, { [name]: null });
}

/** Leaves a server of the project out of one session. */
export const off = (context: Context, name: string, flags: { session: string }): Promise<ExitCode> =>
  change(context, { ...flags, directory: "." }, { [name]: { type: "off" } });

async function change(context: Context, flags: PlaceFlags, mcpServers: PatchMcpServers): Promise<ExitCode> {
  const { client } = context.connect();
  const changed =
    flags.session === undefined
      ? await client.patchProject((await findProject(client, flags.directory)).id, {
          mcpServers: mcpServers as ProjectPatch,
        })
      : await client.patchSession(flags.session, { mcpServers });
  const left: ShownMcpServers = changed.mcpServers ?? {};
  if (context.isJson) context.output.json({ id: changed.id, mcpServers: left });
  else context.output.note("It holds from the next turn on; agents keep what they remember.");
  return EXIT.completed;
}

/** Only `off` needs a session to be set in, and it has one. */
type ProjectPatch = Record<string, Exclude<McpServer, { type: "off" }> | null>;

/** Throws CliError (2) unless one of a program and an address is said, with what belongs to it. */
function serverOf(words: readonly string[], { http, sse, env, header }: AddFlags): McpServer {
  const [command, ...args] = words;
  const said = [command, http, sse].filter((word) => word !== undefined);
  if (said.length !== 1)
    throw new CliError(
      EXIT.usage,
      "Name one of these: a program behind --, an address with --http or --sse.",
    );
  const url = http ?? sse;
  if (url !== undefined) {
    if (env !== undefined)
      throw new CliError(EXIT.usage, "--env is for a program; an address takes --header.");
    return { type: http === undefined ? "sse" : "http", url, ...withPairs("headers", header, headerOf) };
  }
  if (header !== undefined)
    throw new CliError(EXIT.usage, "--header is for an address; a program takes --env.");
  return {
    type: "stdio",
    command: command ?? "",
    ...(args.length === 0 ? {} : { args }),
    ...withPairs("env", env, variableOf),
  };
}

function withPairs<K extends "env" | "headers">(
  key: K,
  words: readonly string[] | undefined,
  read: (word: string) => [string, string],
): Partial<Record<K, Record<string, string>>> {
  return words === undefined
    ? {}
    : ({ [key]: Object.fromEntries(words.map(read)) } as Record<K, Record<string, string>>);
}

/** `NAME=value`, or `NAME` for its value here, which then stands in no history of a shell. */
function variableOf(word: string): [string, string] {
  const at = word.indexOf("=");
  return at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word, valueHere(word)];
}

/** Throws CliError (2): what is not set must not become an empty secret. */
function valueHere(name: string): string {
  const value = readVariable(name);
  if (value !== undefined) return value;
  throw new CliError(EXIT.usage, `The variable ${exactLine(name)} is not set here.`);
}

/** `Name: value`; `$NAME` in the value is that variable's value here. */
function headerOf(word: string): [string, string] {
  const at = word.indexOf(":");
  if (at < 1) throw new CliError(EXIT.usage, "A header is written as 'Name: value'.");
  const value = word.slice(at + 1).trim();
  return [word.slice(0, at).trim(), value.replaceAll(/\$(\w+)/g, (_, name: string) => valueHere(name))];
}
