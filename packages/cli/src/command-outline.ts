import type { Argument, Command, Option } from "commander";

/** What stands for a value on a command line, as far as a shell can complete it. `sessions` and the like are asked of the server. */
export type ValueKind =
  | "none"
  | "files"
  | "directories"
  | "sessions"
  | "archived"
  | "agents"
  | "requests"
  | "questions"
  | "places"
  | "worktrees"
  | "shares"
  | "refs"
  | "targets"
  | `choices:${string}`;

/** One command of the tree: what may follow it. */
export type CommandOutline = {
  /** The words that lead to it; empty for the program itself. */
  path: string;
  commands: { name: string; about: string }[];
  /** Its own and those of every command. `value` is undefined for a flag that takes none. */
  options: { names: string[]; about: string; value: ValueKind | undefined }[];
  /** By place; what follows the last is not completed. */
  places: ValueKind[];
};

/** Values by the name of an argument or of an option's value, where the name tells; an option's own name comes before that of its value. */
const BY_NAME: Readonly<Record<string, ValueKind>> = {
  session: "sessions",
  "turn-or-session": "sessions",
  agent: "agents",
  request: "requests",
  question: "questions",
  place: "places",
  worktree: "worktrees",
  share: "shares",
  ref: "refs",
  target: "targets",
  file: "files",
  path: "directories",
};

/** Flags that a command asks of the server by another kind than their name says. */
const BY_COMMAND: Readonly<Record<string, ValueKind>> = { "session unarchive": "archived" };

/** Every visible command of the program, the program itself first. */
export function outlineOf(program: Command): CommandOutline[] {
  const common = program.options.filter((option) => !option.hidden && option.long !== "--version");
  return [outline(program, [], common), ...program.commands.flatMap((command) => below(command, [], common))];
}

function below(command: Command, parents: string[], common: readonly Option[]): CommandOutline[] {
  if (command.name().startsWith("__")) return [];
  const path = [...parents, command.name()];
  return [outline(command, path, common), ...command.commands.flatMap((child) => below(child, path, common))];
}

function outline(command: Command, words: string[], common: readonly Option[]): CommandOutline {
  const path = words.join(" ");
  const own = command.options.filter((option) => !option.hidden && !common.includes(option));
  return {
    path,
    commands: command.commands
      .filter((child) => !child.name().startsWith("__"))
      .map((child) => ({ name: child.name(), about: child.description() })),
    options: [
      ...[...own, ...common].map((option) => ({
        names: [option.short, option.long].filter((name) => name !== undefined),
        about: option.description,
        value: option.required || option.optional ? valueOfOption(option) : undefined,
      })),
      { names: ["-h", "--help"], about: "tell what there is", value: undefined },
    ],
    places: command.registeredArguments.map((argument) => valueOfArgument(argument, path)),
  };
}

function valueOfArgument(argument: Argument, path: string): ValueKind {
  if (argument.argChoices !== undefined) return choices(argument.argChoices);
  return BY_COMMAND[path] ?? BY_NAME[argument.name()] ?? "none";
}

function valueOfOption(option: Option): ValueKind {
  if (option.argChoices !== undefined) return choices(option.argChoices);
  const value = /[<[]([\w-]+)/.exec(option.flags)?.[1] ?? "";
  return BY_NAME[option.name()] ?? BY_NAME[value] ?? "none";
}

const choices = (words: readonly string[]): ValueKind => `choices:${words.join("|")}`;
