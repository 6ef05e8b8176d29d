import type { AuthMethod, SessionErrorOf } from "@holdfast/protocol";
import { shownText } from "../agent-error.ts";
import type { AgentDefinition } from "../catalog/index.ts";
import { isObject } from "./wire-message.ts";

/** Most ways to log in that are shown, and characters of each of their words. */
const MAX_METHODS = 16;
const MAX_ARGUMENTS = 64;
const LENGTH = 1_024;

/**
 * The ways to log in that an agent offers in its answer to initialize. One for a terminal is told as the command to run there: the agent's own program with
 * what the agent adds to it.
 */
export function authMethodsOf(initialized: unknown, { argv }: Pick<AgentDefinition, "argv">): AuthMethod[] {
  const offered = isObject(initialized) ? initialized["authMethods"] : undefined;
  return (Array.isArray(offered) ? offered : []).slice(0, MAX_METHODS).flatMap((each: unknown) => {
    if (!isObject(each)) return [];
    const [id, name = id, description] = ["id", "name", "description"].map((key) => words(each[key]));
    if (id === undefined || name === undefined) return [];
    const method = { id, name, ...(description === undefined ? {} : { description }) };
    return [each["type"] === "terminal" ? { ...method, command: [...argv, ...argumentsOf(each)] } : method];
  });
}

const argumentsOf = (method: Record<string, unknown>): string[] => {
  const { args } = method;
  return (Array.isArray(args) ? args : []).slice(0, MAX_ARGUMENTS).flatMap((each) => words(each) ?? []);
};

function words(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? shownText(value.slice(0, LENGTH)) : undefined;
}

/** The error of an agent that wants a login, with what it offers: in words, and for programs. */
export function loginError(
  agent: string,
  said: string,
  methods: readonly AuthMethod[],
): SessionErrorOf<"ProviderAuthError"> {
  const ways = methods.map(({ id, name, command }) =>
    command === undefined ? `${name} (method ${id})` : `${name} (in a terminal: ${command.join(" ")})`,
  );
  const message =
    ways.length === 0
      ? `${agent} wants a login: ${said}. Log in with the program itself, then try again.`
      : `${agent} wants a login: ${said}. It offers: ${ways.join("; ")}.`;
  return {
    name: "ProviderAuthError",
    data: {
      providerId: agent,
      message: shownText(message),
      ...(ways.length === 0 ? {} : { methods: [...methods] }),
    },
  };
}
