import type { HoldfastClient } from "@holdfast/client";
import {
  type AgentSession,
  canBeMentioned,
  type FileSymbol,
  mentionText,
  type ResourceList,
  resourceMention,
  symbolMention,
} from "@holdfast/protocol";
import { ranked } from "../ranking/index.ts";
import { kindWord } from "./symbol-kind.ts";
import type { Trigger } from "./trigger.ts";

/** How many files or symbols are shown, and how many agents before files. */
const SHOWN = 8;
const SHOWN_AGENTS = 3;

export type Suggestion = { insert: string; label: string; detail?: string };

type Offered = { commands: AgentSession["commands"]; subagents: AgentSession["subagents"] };

/** What the agent offers by itself: its commands, and the agents that it has. */
export function offeredSuggestions(trigger: Trigger, { commands, subagents }: Offered): Suggestion[] {
  if (trigger.kind === "command")
    return ranked(commands ?? [], ({ name }) => name, trigger.word)
      .slice(0, SHOWN)
      .map(({ name, description }) => ({ insert: `/${name} `, label: `/${name}`, detail: description }));
  if (trigger.kind !== "file") return [];
  // Where the words begin that list them: nothing else says that there are any.
  if (trigger.word === "mcp")
    return [{ insert: "@mcp://", label: "@mcp://", detail: "resources of MCP servers" }];
  return ranked(subagents ?? [], ({ name }) => name, trigger.word)
    .slice(0, SHOWN_AGENTS)
    .map(({ name, description }) => ({
      insert: `${mentionText(name)} `,
      label: `@${name}`,
      detail: description ?? "",
    }));
}

/** Where things are looked for. */
export type Place = { sessionId: string; workspaceId: string };

/** What the workspace has, files or symbols of one, and what the session's MCP servers have. */
export async function foundSuggestions(
  trigger: Trigger,
  client: Pick<HoldfastClient, "searchFiles" | "listSymbols" | "listResources">,
  { sessionId, workspaceId }: Place,
  signal: AbortSignal,
): Promise<Suggestion[]> {
  if (trigger.kind === "resource") {
    const { items, problems } = await client.listResources(sessionId, { signal });
    return [...resourceSuggestions(trigger.word, items), ...problemSuggestions(trigger.word, problems)];
  }
  if (trigger.kind === "symbol") {
    const { language, items } = await client.listSymbols(workspaceId, trigger.path, { signal });
    if (language === undefined) return noSymbols(trigger);
    return symbolSuggestions(trigger, items);
  }
  const { items } = await client.searchFiles(workspaceId, trigger.word, { signal });
  return items
    .filter(({ path }) => canBeMentioned(path))
    .slice(0, SHOWN)
    .map(({ path }) => ({ insert: `${mentionText(path)} `, label: path }));
}

function resourceSuggestions(word: string, resources: ResourceList["items"]): Suggestion[] {
  return ranked(resources, ({ server, uri, name, title }) => `${server}/${uri} ${title ?? name}`, word)
    .slice(0, SHOWN)
    .flatMap(({ server, uri, name, title }) => {
      const words = resourceMention(server, uri);
      if (words === undefined) return [];
      return [{ insert: `${words} `, label: uri, detail: `${title ?? name}, from ${server}` }];
    });
}

/** Servers that do not tell what they have, until more than a server is named: who knows a URI goes on typing. */
const problemSuggestions = (word: string, problems: ResourceList["problems"]): Suggestion[] =>
  problems
    .filter(({ server }) => server.startsWith(word))
    .map(({ server, message }) => ({ insert: `@mcp://${server}/`, label: server, detail: message }));

/** Said once at the `#`; what is typed behind it are words, and stays. */
const noSymbols = ({ path, word }: Extract<Trigger, { kind: "symbol" }>): Suggestion[] =>
  word === ""
    ? [{ insert: `${mentionText(path)} `, label: path, detail: "no symbols are known of files like this" }]
    : [];

function symbolSuggestions(
  { path, word }: Extract<Trigger, { kind: "symbol" }>,
  symbols: readonly FileSymbol[],
): Suggestion[] {
  return ranked(symbols, ({ name }) => name, word)
    .slice(0, SHOWN)
    .map((symbol) => ({
      insert: `${symbolMention(path, symbol, symbols)} `,
      label: symbol.name,
      detail: `${kindWord(symbol.kind)}, line ${symbol.range.start.line + 1}`,
    }));
}
