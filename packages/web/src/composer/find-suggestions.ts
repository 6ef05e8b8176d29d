import type { HoldfastClient } from "@holdfast/client";
import {
  type AgentSession,
  canBeMentioned,
  type FileSymbol,
  mentionText,
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
  return ranked(subagents ?? [], ({ name }) => name, trigger.word)
    .slice(0, SHOWN_AGENTS)
    .map(({ name, description }) => ({
      insert: `${mentionText(name)} `,
      label: `@${name}`,
      detail: description ?? "",
    }));
}

/** What the workspace has: files, or symbols of one. */
export async function foundSuggestions(
  trigger: Trigger,
  client: Pick<HoldfastClient, "searchFiles" | "listSymbols">,
  workspaceId: string,
  signal: AbortSignal,
): Promise<Suggestion[]> {
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
