import { string } from "./conversation.ts";
import type { Conversation, OfferedTool } from "./conversation.ts";
import type { Directive } from "./directives.ts";

/** A tool call as the model makes it. */
export interface ToolCall {
  name: string;
  args: Record<string, unknown>;
  /** What is said in the place of `args`. */
  raw?: string;
}

/** The directives that become a tool call. */
export type ToolDirective = Extract<
  Directive,
  { kind: "read" | "write" | "bash" | "output" | "spawn" | "ask" | "call" | "also" | "broken" }
>;

const pathNames = ["file_path", "filePath", "absolute_path", "path", "filename", "file"];
const contentNames = ["content", "file_text", "contents", "text"];
const commandNames = ["command", "cmd", "script"];

const toolNames = {
  read: /(^|_)(read|read_file|view|view_file|text_editor)$/i,
  write: /(^|_)(write|write_file|create_file|text_editor)$/i,
  shell: /(^|_)(bash|shell|run_shell_command|exec_command|execute|execute_command|terminal)$/i,
};

/** How long a process that SPAWN leaves behind lives at most, in seconds. */
const SPAWNED_LIFE_S = 120;

/**
 * Turns a directive into a call of whichever offered tool fits; reading and writing fall back to a shell tool.
 * Undefined when the agent offered nothing that fits.
 */
export function toolCall(directive: ToolDirective, conversation: Conversation): ToolCall | undefined {
  switch (directive.kind) {
    case "call":
    case "also":
      return findNamed(conversation.tools, directive.tool, directive.args);
    case "broken": {
      const call = findNamed(conversation.tools, directive.tool, {});
      return call && { ...call, raw: directive.text };
    }
    case "read":
      return (
        fileCall("read", directive.path, undefined, conversation) ??
        shellCall(`cat -- ${quote(directive.path)}`, conversation)
      );
    case "write":
      return (
        fileCall("write", directive.path, directive.text, conversation) ??
        shellCall(`printf %s ${quote(directive.text)} > ${quote(directive.path)}`, conversation)
      );
    case "bash":
      return shellCall(directive.command, conversation);
    case "ask":
      // Agents let plain reading commands such as echo pass without asking; tee may write.
      return shellCall(`printf '%s\\n' ${quote(directive.text)} | tee -a /dev/null`, conversation);
    case "output":
      return shellCall(`yes 0123456789abcde | head -c ${directive.bytes}`, conversation);
    case "spawn":
      return shellCall(`setsid sleep ${SPAWNED_LIFE_S} > /dev/null 2>&1 &`, conversation);
  }
}

function findNamed(
  tools: readonly OfferedTool[],
  name: string,
  args: Record<string, unknown>,
): ToolCall | undefined {
  const tool = tools.find((one) => one.name === name) ?? tools.find((one) => one.name.endsWith(`__${name}`));
  return tool === undefined ? undefined : { name: tool.name, args };
}

function fileCall(
  kind: "read" | "write",
  path: string,
  text: string | undefined,
  conversation: Conversation,
): ToolCall | undefined {
  for (const tool of conversation.tools.filter((one) => toolNames[kind].test(one.name))) {
    const pathName = pathNames.find((name) => name in tool.properties);
    const contentName = contentNames.find((name) => name in tool.properties);
    if (pathName === undefined || (text !== undefined && contentName === undefined)) continue;
    const wanted: Record<string, unknown> = { [pathName]: resolve(path, pathName, tool, conversation) };
    if (text !== undefined && contentName !== undefined) wanted[contentName] = text;
    // One editor tool for everything names what to do in `command`.
    if ("command" in tool.properties) wanted["command"] = editorCommand(kind, tool);
    return { name: tool.name, args: withRequired(tool, wanted) };
  }
  return undefined;
}

function editorCommand(kind: "read" | "write", tool: OfferedTool): string {
  const known = tool.properties["command"]?.["enum"];
  const choices = kind === "read" ? ["view", "read"] : ["write", "create"];
  return (
    (Array.isArray(known) ? choices.find((choice) => known.includes(choice)) : undefined) ??
    choices[0] ??
    kind
  );
}

function shellCall(command: string, conversation: Conversation): ToolCall | undefined {
  const tool = conversation.tools.find(
    (one) => toolNames.shell.test(one.name) && commandNames.some((name) => name in one.properties),
  );
  const name = commandNames.find((one) => tool !== undefined && one in tool.properties);
  if (tool === undefined || name === undefined) return undefined;
  const value = tool.properties[name]?.["type"] === "array" ? ["bash", "-lc", command] : command;
  return { name: tool.name, args: withRequired(tool, { [name]: value }) };
}

/** Fills required parameters that the script says nothing about with the plainest value of their type. */
function withRequired(tool: OfferedTool, wanted: Record<string, unknown>): Record<string, unknown> {
  const args = { ...wanted };
  for (const name of tool.required) if (!(name in args)) args[name] = plainValue(tool.properties[name] ?? {});
  return args;
}

function plainValue(schema: Record<string, unknown>): unknown {
  const choices = schema["enum"];
  if (Array.isArray(choices)) return choices[0];
  const type: unknown = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  if (type === "boolean") return false;
  if (type === "number" || type === "integer") return 0;
  if (type === "array") return [];
  return type === "object" ? {} : "scripted";
}

/** Some tools take absolute paths only; the working directory is read from what the agent told the model. */
function resolve(path: string, pathName: string, tool: OfferedTool, conversation: Conversation): string {
  const said = `${pathName} ${string(tool.properties[pathName]?.["description"])} ${tool.description}`;
  if (path.startsWith("/") || !/absolute/i.test(said)) return path;
  const cwd = workingDirectory(conversation);
  return cwd === undefined ? path : `${cwd.replace(/\/$/, "")}/${path}`;
}

/** The working directory as the agent's own context names it, newest mention first. */
export function workingDirectory(conversation: Conversation): string | undefined {
  const pattern = /(?:working (?:in the )?directory|cwd|project root)[^\n/]{0,40}(\/[^\s`"'<>]+)/i;
  for (const message of conversation.messages.toReversed()) {
    if (message.role !== "system" && message.role !== "user") continue;
    const found = pattern.exec(message.text)?.[1];
    if (found !== undefined) return found.replace(/[.,;]$/, "");
  }
  return undefined;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
