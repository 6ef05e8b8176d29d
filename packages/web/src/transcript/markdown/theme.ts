import type { ThemeRegistrationRaw } from "shiki/core";

const rule = (scope: string[], role: string) => ({ scope, settings: { foreground: `var(--code-${role})` } });

/** Colours as roles of the page: a change of theme repaints and parses nothing again. */
export const CODE_THEME: ThemeRegistrationRaw = {
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
