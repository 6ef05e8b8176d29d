/** Colours code away from the page's own thread: one grammar can hold it for half a second. */
import { createHighlighterCore, type HighlighterCore, type ThemeRegistrationRaw } from "shiki/core";
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";
import { GRAMMARS } from "./grammars.ts";
import type { ColourAnswer, ColourRequest } from "./highlight.ts";

/** Lines longer than this stay plain. */
const LINE_LENGTH = 2_000;

let made: Promise<HighlighterCore> | undefined;
const highlighter = () =>
  (made ??= createHighlighterCore({
    themes: [CODE_THEME],
    langs: [],
    engine: createJavaScriptRegexEngine(),
  }));

self.addEventListener("message", ({ data }: MessageEvent<ColourRequest>) => {
  void colour(data).then((html) => self.postMessage({ id: data.id, html } satisfies ColourAnswer));
});

async function colour({ code, language }: ColourRequest): Promise<string | undefined> {
  try {
    const grammar = GRAMMARS[language];
    if (grammar === undefined) return undefined;
    const core = await highlighter();
    if (!core.getLoadedLanguages().includes(language)) await core.loadLanguage(grammar);
    // No limit of time: a line that was cut short while a grammar was cold would stay wrong.
    const lines = core.codeToTokensBase(code, {
      lang: language,
      theme: CODE_THEME.name ?? "",
      tokenizeTimeLimit: 0,
      tokenizeMaxLineLength: LINE_LENGTH,
    });
    return lines.map((line) => line.map(({ content, color }) => spanOf(content, color)).join("")).join("\n");
  } catch {
    return undefined;
  }
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function spanOf(content: string, color: string | undefined): string {
  const text = content.replace(/[&<>]/g, (char) => escapes[char] ?? char);
  const role = /^var\((--code-[a-z]+)\)$/.exec(color ?? "")?.[1];
  return role === undefined || role === "--code-ink"
    ? text
    : `<span style="color:var(${role})">${text}</span>`;
}

const rule = (scope: string[], role: string) => ({ scope, settings: { foreground: `var(--code-${role})` } });

/** Colours as roles of the page: a change of theme repaints and parses nothing again. */
const CODE_THEME: ThemeRegistrationRaw = {
  name: "holdfast",
  type: "light",
  fg: "var(--code-ink)",
  bg: "transparent",
  settings: [
    { settings: { foreground: "var(--code-ink)" } },
    rule(["comment", "punctuation.definition.comment"], "comment"),
    rule(["keyword", "storage", "keyword.operator.new", "markup.deleted"], "keyword"),
    rule(["string", "markup.inserted", "constant.other.symbol"], "string"),
    rule(["constant", "support.constant", "variable.other.constant", "markup.heading"], "constant"),
    rule(["entity.name.function", "support.function", "meta.function-call.generic"], "function"),
    rule(
      ["entity.name.type", "entity.name.class", "support.type", "support.class", "entity.name.tag"],
      "type",
    ),
    rule(["entity.other.attribute-name", "variable.parameter", "support.type.property-name"], "constant"),
  ],
};
