import { RequestError } from "@agentclientprotocol/sdk";
import { errorText, isHoldfastError, type Logger, storageRefusal } from "@holdfast/kernel";
import type { Quirks } from "../catalog/index.ts";
import type { FileAccess } from "../files/index.ts";
import type { Methods } from "./connection.ts";
import { isObject } from "./wire-message.ts";

/** The session that is open, as far as its files are concerned. */
export type OpenFiles = { backendSessionId: string; files: FileAccess };

/** What is needed to answer; before its session is open an agent has nothing to read or write in. */
export type FileRequestsDeps = { agent: string; logger: Logger; find(): OpenFiles | undefined };

/** Answers what an agent may ask for by its record; every refusal is a JSON-RPC error with our code. */
export function fileMethods(
  { readFiles, writeFiles }: Quirks["clientCapabilities"],
  deps: FileRequestsDeps,
): Methods {
  const read = (params: unknown) =>
    answer(deps, params, async (files, path, fields) => {
      const line = count(fields["line"], "line") ?? 1;
      const limit = count(fields["limit"], "limit");
      const range = { line: Math.max(1, line), ...(limit === undefined ? {} : { limit }) };
      return { content: await files.read(path, range) };
    });
  const write = (params: unknown) =>
    answer(deps, params, async (files, path, { content }) => {
      if (typeof content !== "string") throw RequestError.invalidParams({ content: typeof content });
      await files.write(path, content);
      return {};
    });
  return {
    ...(readFiles ? { "fs/read_text_file": read } : {}),
    ...(writeFiles ? { "fs/write_text_file": write } : {}),
  };
}

async function answer<T>(
  deps: FileRequestsDeps,
  params: unknown,
  act: (files: FileAccess, path: string, fields: Record<string, unknown>) => Promise<T>,
): Promise<T> {
  const open = deps.find();
  if (open === undefined) throw RequestError.invalidRequest(undefined, "no session is open");
  const fields = isObject(params) ? params : {};
  const { sessionId, path } = fields;
  if (typeof path !== "string" || path === "") throw RequestError.invalidParams({ path: typeof path });
  if (sessionId !== open.backendSessionId) throw RequestError.sessionNotFound(String(sessionId));
  try {
    return await act(open.files, path, fields);
  } catch (error) {
    throw refusal(deps, error, path);
  }
}

/** What the agent hears; a fault of ours leaks nothing. */
function refusal({ agent, logger }: FileRequestsDeps, thrown: unknown, path: string): RequestError {
  if (thrown instanceof RequestError) return thrown;
  const error = storageRefusal(thrown) ?? thrown;
  if (isHoldfastError(error, "NOT_FOUND")) return RequestError.resourceNotFound(path);
  if (isHoldfastError(error)) return new RequestError(-32_602, error.message, { code: error.code });
  logger.warn({ agent, error: errorText(error) }, "a file that an agent asked for could not be used");
  return RequestError.internalError({ path }, "the file could not be used");
}

function count(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw RequestError.invalidParams({ [name]: typeof value });
}
