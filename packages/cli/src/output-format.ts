import { readFileSync } from "node:fs";
import type { OutputFormat } from "@holdfast/protocol";
import { CliError, EXIT } from "./exit-code.ts";

export type FormatFlags = {
  /** A file with the JSON Schema that the answer has to fit. */
  schema?: string;
  /** How often an answer that does not fit is asked for again. */
  retries?: number;
};

/** What the flags ask of the answer. Throws CliError (2) for a file that is no JSON object; whether it is a schema says the server. */
export function outputFormat({ schema, retries }: FormatFlags): { format?: OutputFormat } {
  if (schema === undefined && retries !== undefined)
    throw new CliError(
      EXIT.usage,
      "--retries says how often an answer that does not fit is asked for again; it needs --schema.",
    );
  if (schema === undefined) return {};
  return { format: { type: "json_schema", schema: readObject(schema), retryCount: retries ?? 2 } };
}

function readObject(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.usage, `${file} is no schema: ${words}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new CliError(EXIT.usage, `${file} is no schema: it is not a JSON object.`);
}
