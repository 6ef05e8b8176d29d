/**
 * The completion of a shell, made from the command tree: a table of what may follow each command, and a reader of the line that is the same in all
 * three. Only ids are asked of the program, when they are needed.
 *
 * The reader walks the words before the cursor: an option that takes a value swallows the next word, a word that names a command goes down
 * the tree, any other is an argument. `--` ends the options. What finds the server (`--url`, `--data-dir`, `--config`) is passed on.
 */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { type CommandOutline, outlineOf } from "./command-outline.ts";

export function completionScript(program: Command, shell: "bash" | "zsh" | "fish"): string {
  const outlines = outlineOf(program);
  const reader = readFileSync(new URL(`../completion/reader.${shell}`, import.meta.url), "utf8");
  if (shell === "bash") return `${table(outlines, bashEntry)}\n${reader}`;
  if (shell === "zsh") return `#compdef holdfast\n${table(outlines, zshEntry)}\n${reader}`;
  return `function __holdfast_know\n  switch "$argv[1]"\n${outlines.map(fishEntry).join("")}  end\nend\n\n${reader}`;
}

function table(outlines: readonly CommandOutline[], entry: (outline: CommandOutline) => string): string {
  return `__holdfast_know() {\n  case $1 in\n${outlines.map(entry).join("")}  esac\n}\n`;
}

/** In single quotes; the same in all three shells but for the quote itself, which no text here may hold. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "").replaceAll("'", "’")}'`;
}

const flagsOf = (outline: CommandOutline): string[] => outline.options.flatMap(({ names }) => names);

const valuesOf = (outline: CommandOutline): string[] =>
  outline.options.flatMap(({ names, value }) =>
    value === undefined ? [] : names.map((name) => `${name}=${value}`),
  );

function bashEntry(outline: CommandOutline): string {
  const names = outline.commands.map(({ name }) => name);
  return `    ${quoted(outline.path)}) commands=${quoted(names.join(" "))} options=${quoted(flagsOf(outline).join(" "))} values=${quoted(valuesOf(outline).join(" "))} places=${quoted(outline.places.join(" "))} ;;\n`;
}

function zshEntry(outline: CommandOutline): string {
  const list = (items: readonly string[]) => `(${items.map(quoted).join(" ")})`;
  const described = (name: string, about: string) => `${name}:${about.replaceAll(":", " ")}`;
  return [
    `    ${quoted(outline.path)})\n`,
    `      subcommands=${list(outline.commands.map(({ name, about }) => described(name, about)))}\n`,
    `      flags=${list(outline.options.flatMap(({ names, about }) => names.map((name) => described(name, about))))}\n`,
    `      flag_values=${list(valuesOf(outline))} places=${list(outline.places)} ;;\n`,
  ].join("");
}

function fishEntry(outline: CommandOutline): string {
  const set = (name: string, items: readonly string[]) =>
    `      set -g __holdfast_${name} ${items.map(quoted).join(" ")}\n`;
  return [
    `    case ${quoted(outline.path)}\n`,
    set(
      "commands",
      outline.commands.map(({ name, about }) => `${name}\t${about}`),
    ),
    set(
      "options",
      outline.options.flatMap(({ names, about }) => names.map((name) => `${name}\t${about}`)),
    ),
    set("values", valuesOf(outline)),
    set("places", outline.places),
  ].join("");
}
