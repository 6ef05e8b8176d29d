import { text } from "node:stream/consumers";
import type { AdmitInput, Model } from "@holdfast/protocol";
import { CliError, EXIT } from "./exit-code.ts";

/** What somebody typed: the files that it mentions go with it. */
export const typedWords = (typed: string): Pick<AdmitInput, "parts" | "mentions"> => ({
  parts: [{ type: "text", text: typed }],
  mentions: true,
});

/**
 * What is asked: the words of the command line, else what comes on stdin, where an `@` is nothing special: it may be any text. Throws CliError (2) when
 * there is neither.
 */
export async function readPrompt(words: readonly string[]): Promise<Pick<AdmitInput, "parts" | "mentions">> {
  const given = words.join(" ").trim();
  if (given !== "") return typedWords(given);
  if (process.stdin.isTTY) throw new CliError(EXIT.usage, "Say what to do: as arguments, or on stdin.");
  const piped = (await text(process.stdin)).trim();
  if (piped === "")
    throw new CliError(EXIT.usage, "There is nothing to do: no words were given and stdin is empty.");
  return { parts: [{ type: "text", text: piped }] };
}

/** `provider/model` or `model`; a model's own name may hold further slashes. */
export function parseModel(name: string | undefined): { model?: Model } {
  if (name === undefined) return {};
  const slash = name.indexOf("/");
  if (slash === 0 || slash === name.length - 1 || name === "") {
    throw new CliError(EXIT.usage, `${JSON.stringify(name)} is not a model: write model or provider/model.`);
  }
  return {
    model:
      slash < 0 ? { modelId: name } : { providerId: name.slice(0, slash), modelId: name.slice(slash + 1) },
  };
}
