/** MCP servers of a project and of a session: what may be set, what is shown of it, and which of them an agent is given. */
import { z } from "zod";

/** Limits of what one project or one session has; each stands here once. */
export const MCP_LIMITS = {
  servers: 32,
  /** Bytes of all of them as JSON: a row with them stays far below the limit of an event. */
  bytes: 32 * 1024,
} as const;

/** Limits of reading the resources of MCP servers for an input; each stands here once. */
export const RESOURCE_LIMITS = {
  /** Resources of one input. */
  ofInput: 16,
  /** Bytes of the content of one resource. */
  bytes: 10 * 1024 * 1024,
  /** For the start of a server and all that it is asked, in ms. */
  readMs: 10_000,
  /** Contents of one resource, and resources of one server that are listed. */
  contents: 64,
  listed: 500,
} as const;

/** Part of the names that agents give the tools of a server, so it holds nothing that a model's provider refuses there. */
const nameSchema = z
  .string()
  .regex(/^[A-Za-z][\w-]{0,63}$/, "Expected a letter, then letters, digits, _ or -, at most 64.");
const wordSchema = z.string().regex(/^[^\u0000]*$/, "Expected text without NUL.");
const variableSchema = z.string().regex(/^[A-Za-z_]\w{0,127}$/, "Expected the name of a variable.");
const headerSchema = z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,128}$/, "Expected the name of a header.");
const headerValueSchema = z.string().regex(/^[^\u0000\r\n]*$/, "Expected one line.");
const urlSchema = z.url({ protocol: /^https?$/, error: "Expected an http or https address." });

/** A program that speaks MCP over its stdin and stdout; the agent starts it, without a shell. */
const stdioSchema = z.strictObject({
  type: z.literal("stdio"),
  /** A name on PATH, or a path: absolute, or relative to the session's directory. */
  command: wordSchema.min(1),
  args: z.array(wordSchema).optional(),
  /** Variables laid over the agent's environment. */
  env: z.record(variableSchema, wordSchema).optional(),
});

const remoteSchema = z.strictObject({
  type: z.enum(["http", "sse"]),
  url: urlSchema,
  headers: z.record(headerSchema, headerValueSchema).optional(),
});

/** In a session: the project's server of this name is not given to its agents. */
const offSchema = z.strictObject({ type: z.literal("off") });

const serverSchema = z.discriminatedUnion("type", [stdioSchema, remoteSchema]);
export const mcpServerSchema = z.discriminatedUnion("type", [stdioSchema, remoteSchema, offSchema]).meta({
  id: "McpServer",
});
export type McpServer = z.infer<typeof mcpServerSchema>;
export type McpTransport = Exclude<McpServer["type"], "off">;

/** By their names. */
export const mcpServersSchema = z.record(nameSchema, mcpServerSchema);
export type McpServers = z.infer<typeof mcpServersSchema>;

/** What is set by its name, and taken out by `null`; the others stay. */
export const patchMcpServersSchema = z.record(nameSchema, mcpServerSchema.nullable());
export type PatchMcpServers = z.infer<typeof patchMcpServersSchema>;
/** Of a project, where there is nothing to leave out. */
export const patchProjectServersSchema = z.record(nameSchema, serverSchema.nullable());

/** As it is shown: of variables and headers only the names, and what looks like a secret elsewhere is masked. */
export const shownMcpServerSchema = z
  .discriminatedUnion("type", [
    z.object({
      type: z.literal("stdio"),
      command: z.string(),
      args: z.array(z.string()).optional(),
      env: z.array(z.string()).optional(),
    }),
    z.object({ type: z.enum(["http", "sse"]), url: z.string(), headers: z.array(z.string()).optional() }),
    z.object({ type: z.literal("off") }),
  ])
  .meta({ id: "ShownMcpServer" });
export type ShownMcpServer = z.infer<typeof shownMcpServerSchema>;
export const shownMcpServersSchema = z.record(z.string(), shownMcpServerSchema);
export type ShownMcpServers = z.infer<typeof shownMcpServersSchema>;

export const resourceListSchema = z
  .object({
    items: z.array(
      z.object({
        /** The name that the server has in the session; with the URI it makes `@mcp://server/uri`. */
        server: z.string(),
        uri: z.string(),
        name: z.string(),
        title: z.string().optional(),
        description: z.string().optional(),
        mimeType: z.string().optional(),
      }),
    ),
    /** Servers that did not tell theirs, and why. */
    problems: z.array(z.object({ server: z.string(), message: z.string() })),
  })
  .meta({ id: "ResourceList" });
export type ResourceList = z.infer<typeof resourceListSchema>;

/** One that an agent is given. */
type Given<T extends { type: string }> = Exclude<T, { type: "off" }> & { name: string };
export type GivenMcpServer = Given<McpServer>;

/** What the agents of a session are given: the project's servers, and over them those of the session, which may leave one out. Ordered by name. */
export function givenServers<T extends { type: string }>(
  project: Readonly<Record<string, T>> | undefined,
  session: Readonly<Record<string, T>> | undefined,
): Given<T>[] {
  return Object.entries({ ...project, ...session })
    .filter(([, { type }]) => type !== "off")
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, server]) => ({ ...server, name }) as unknown as Given<T>);
}
