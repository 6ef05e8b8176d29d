/** Names a session by its first words (session-model 14.4). What fails is left: the session keeps the title that it has. */
import { type Clock, wait } from "@holdfast/kernel";
import type { Message } from "@holdfast/protocol";
import { generateText } from "ai";
import type { ChosenModel } from "../loop/index.ts";
import { TITLE_TEXT } from "../prompt/index.ts";
import { isAnswer, isAsked } from "../view/index.ts";

/** Tries, and how long each may take and is waited for behind one that failed, in ms. */
const TRIES = 3;
const TRY_MS = 30_000;
const PAUSE_MS = 2_000;

/** Most characters of the title, and of the words that it is made of. */
const LENGTH = 100;
const WORDS_LENGTH = 4_000;

/** The words that a session is named by: those of its only real message, before anything was answered. Nothing for any later prompt. */
export function wordsForTitle(view: readonly Message[]): string | undefined {
  if (view.some((message) => isAnswer(message) && message.parts.length > 1)) return undefined;
  const said = view.filter(isAsked).map(({ parts }) =>
    parts
      .flatMap((part) =>
        part.type === "text" && part.synthetic !== true && part.ignored !== true ? [part.text] : [],
      )
      .join("\n")
      .trim(),
  );
  const [words, ...others] = said.filter((text) => text !== "");
  return others.length > 0 ? undefined : words?.slice(0, WORDS_LENGTH);
}

/** Undefined when there is none. Never rejects. */
export async function makeTitle(
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  { reached }: ChosenModel,
  words: string,
): Promise<string | undefined> {
  for (let attempt = 1; attempt <= TRIES && !signal.aborted; attempt += 1) {
    if (attempt > 1) await wait(clock, PAUSE_MS, signal);
    const { model, providerOptions } = reached;
    const late = new AbortController();
    const timer = clock.after(TRY_MS, () => late.abort());
    try {
      const { text } = await generateText({
        model,
        providerOptions,
        instructions: TITLE_TEXT,
        prompt: words,
        maxRetries: 0,
        abortSignal: AbortSignal.any([signal, late.signal]),
      });
      return titleOf(text);
    } catch {
      // Tried again, or left.
    } finally {
      timer.cancel();
    }
  }
  return undefined;
}

/** The first line that says something, without what the model thought. */
export function titleOf(text: string): string | undefined {
  const said = text.replaceAll(/<think>[\s\S]*?(?:<\/think>|$)/g, "");
  const line = said
    .split(/\r?\n/)
    .map((each) => each.trim())
    .find((each) => each !== "");
  if (line === undefined) return undefined;
  const characters = Array.from(line);
  return characters.length <= LENGTH ? line : `${characters.slice(0, LENGTH - 3).join("")}...`;
}
