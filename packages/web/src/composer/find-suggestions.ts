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
    const { items } = await client.listResources(sessionId, { signal });
    return resourceSuggestions(trigger.word, items);
  }
  if (trigger.kind === "symbol") {
    const { items } = await client.listSymbols(workspaceId, trigger.path, { signal });
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
