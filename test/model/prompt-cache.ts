/**
 * A prompt cache as providers have one: what a request has in common with an earlier one from its beginning is read, not counted anew. Anthropic
 * reads and writes up to the marks of the request alone; the others find what is common by themselves, and tell nothing of what they write.
 */
import { createHash } from "node:crypto";
import { list, record } from "./conversation.ts";
import type { Api } from "./conversation.ts";
import { tokensOf } from "./usage.ts";
import type { Usage } from "./usage.ts";

/** Most prefixes remembered; the oldest is forgotten first. */
const MAX_PREFIXES = 10_000;

export class PromptCache {
  readonly #known = new Set<string>();

  /** The size of this request, what of it is read from the cache, and what is written to it; of the latter Anthropic alone tells. */
  read(api: Api, body: Record<string, unknown>): Omit<Usage, "output"> {
    const blocks = blocksOf(api, body);
    let prefix = `${api} ${String(body["model"])}`;
    let [size, read, written] = [0, 0, 0];
    const marked: string[] = [];
    for (const { text, isMarked } of blocks) {
      prefix = createHash("sha256").update(`${prefix}\n${text}`).digest("base64");
      size += tokensOf(text);
      if (this.#known.has(prefix)) read = size;
      if (api === "anthropic" && !isMarked) continue;
      written = size;
      marked.push(prefix);
    }
    for (const one of marked) this.#keep(one);
    if (api !== "anthropic") return { input: size, cacheRead: read };
    return { input: size, cacheRead: read, cacheWrite: Math.max(0, written - read) };
  }

  #keep(prefix: string): void {
    this.#known.add(prefix);
    const oldest = this.#known.values().next();
    if (this.#known.size > MAX_PREFIXES && !oldest.done) this.#known.delete(oldest.value);
  }
}

/** The request in the order in which a provider reads it, its marks taken off. */
function blocksOf(api: Api, body: Record<string, unknown>): { text: string; isMarked: boolean }[] {
  const contents = body["messages"] ?? body["contents"] ?? body["input"];
  const messages = list(contents).flatMap((message) => {
    const parts = list(record(message)["content"]);
    return api === "anthropic" && parts.length > 0
      ? parts.map((part) => ({ role: record(message)["role"], part }))
      : [message];
  });
  const system = body["system"] ?? body["systemInstruction"] ?? body["instructions"];
  return [...list(body["tools"]), ...(Array.isArray(system) ? list(system) : [system]), ...messages].map(
    (block) => {
      const text = JSON.stringify(block) ?? "";
      const bare = text.replace(/,?"cache_control":\{[^}]*\}/, "");
      return { text: bare, isMarked: bare !== text };
    },
  );
}
