import { type Command, InvalidArgumentError, Option } from "commander";
import type { Context } from "./context.ts";

/** Loads the part of the program that a command needs. */
export type Part<M> = () => Promise<M>;

/** Makes the action of a command: it loads its part, runs with a context, and hands the exit code on. */
export type Action = <M, A extends unknown[]>(
  part: Part<M>,
  run: (module: M, context: Context, ...args: A) => number | Promise<number>,
) => (...args: [...A, Command]) => Promise<void>;

/** Reads the argument of an option. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Expected a whole number.");
  return Number(text);
}

/** What a repeated option gave so far, and one more. */
export const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

export const outputMode = () =>
  new Option("--output <mode>", "text, or events as NDJSON").choices(["text", "stream-json"]).default("text");
