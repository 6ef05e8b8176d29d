/**
 * Tools of MCP servers, called through their clients: what they say is foreign, so every call asks, is bounded, and what goes wrong is told and ends nothing else.
 */
import { errorText, redact, secretMask } from "@holdfast/kernel";
import type { GivenMcpServer } from "@holdfast/protocol";
import type { Tool as ServerTool } from "@modelcontextprotocol/client";
import { z } from "zod";
import { plain } from "../files/index.ts";
import { type Tool, ToolError } from "../tool.ts";
import { aborted, connect, type Connection, type McpPlace } from "./connect.ts";
import { resultOf } from "./result-of.ts";
import { toolName } from "./tool-name.ts";

/** How long a call may say nothing, and take in all, in ms: below the hour after which a tool is given up. */
const SILENT_MS = 10 * 60_000;
const CALL_MS = 55 * 60_000;

/** Tools of one server, bytes of what one is described by, and characters of a description. */
const MAX_TOOLS = 128;
const SCHEMA_BYTES = 64 * 1024;
const DESCRIPTION = 4_000;

/** Characters of what a server says of its trouble. */
const TOLD = 500;

export type McpTools = {
  tools: Tool[];
  /** A sentence for each server, or tool of one, that cannot be used. */
  problems: string[];
  /** Resolves when nothing of them lives. */
  close(): Promise<void>;
};

/** All at once. Never rejects: a server that does not answer in time is a problem, and the others are there. `signal` ends the starting. */
export async function openMcpTools(servers: readonly GivenMcpServer[], place: McpPlace): Promise<McpTools> {
  const problems: string[] = [];
  const opened = await Promise.all(
    servers.map(async (server) => {
      try {
        return { server, connection: await connect(server, place) };
      } catch (error) {
        problems.push(`The MCP server ${server.name} cannot be used: ${told(server, error)}.`);
        return undefined;
      }
    }),
  );
  // An id of ours would have the model told of one tool, and another one run.
  const taken = new Set(place.taken);
  const open = opened.filter((each) => each !== undefined);
  const tools = open.flatMap(({ server, connection }) => {
    const usable = connection.tools.slice(0, MAX_TOOLS).filter((tool) => {
      const isSmall = JSON.stringify(tool.inputSchema).length <= SCHEMA_BYTES;
      if (!isSmall) problems.push(`The tool ${plain(tool.name)} of ${server.name} is described by too much.`);
      return isSmall;
    });
    if (connection.tools.length > MAX_TOOLS)
      problems.push(`Of the MCP server ${server.name} only the first ${MAX_TOOLS} tools are used.`);
    return usable.map((tool) =>
      toolFrom(server, tool, { connection, id: toolName(server.name, tool.name, taken) }),
    );
  });
  return {
    tools,
    problems,
    close: async () => void (await Promise.all(open.map(({ connection }) => connection.close()))),
  };
}

const anything = z.record(z.string(), z.unknown());

function toolFrom(
  server: GivenMcpServer,
  { name, title, description = "", inputSchema }: ServerTool,
  { connection, id }: { connection: Connection; id: string },
): Tool {
  const shown = plain(`${server.name}: ${title ?? name}`).slice(0, 200);
  const tool: Tool<typeof anything> = {
    id,
    kind: "other",
    description: description.slice(0, DESCRIPTION).toWellFormed(),
    input: anything,
    schema: { ...inputSchema, type: "object" },
    title: () => shown,
    async run(input, context) {
      await context.permit({ title: shown, kind: "other", patterns: [id] });
      try {
        const call = connection.client.callTool(
          { name, arguments: input },
          {
            signal: context.signal,
            timeout: SILENT_MS,
            maxTotalTimeout: CALL_MS,
            resetTimeoutOnProgress: true,
            onprogress: ({ message }) => {
              if (message !== undefined)
                context.tell({ title: `${shown}: ${plain(message).slice(0, TOLD)}` });
            },
          },
        );
        return { title: shown, ...resultOf(await Promise.race([call, aborted(context.signal)])) };
      } catch (error) {
        context.signal.throwIfAborted();
        throw error instanceof ToolError ? error : new ToolError(`${shown} failed: ${told(server, error)}.`);
      }
    },
  };
  return tool;
}

/** Without the values that the server is given. */
function told(server: GivenMcpServer, error: unknown): string {
  const secrets = Object.values((server.type === "stdio" ? server.env : server.headers) ?? {});
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
  const text = secretMask(secrets)(errorText(error) + cause);
  return redact(text).slice(0, TOLD).toWellFormed().replace(/\.$/, "");
}
