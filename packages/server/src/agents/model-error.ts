/** What agents tell of a failed call to a model, as the typed error of the turn (session-model 3). Pure. */
import { cleanText, redact } from "@holdfast/kernel";
import {
  type APIError,
  classifyError,
  classifyStreamError,
  ERROR_BODY_LENGTH,
  isRefusal,
  isRetryable,
  type SessionError,
} from "@holdfast/protocol";
import { shownText } from "./agent-error.ts";

/** A failed call as far as the agent told it; nothing of it is trusted to have the shape that it should have. */
export type ModelFailure = {
  /** Who refused: the model's provider where the agent names it, else the agent. */
  providerId: string;
  message: string;
  /** The agent says that it was a call to a provider that failed. */
  isCall?: boolean;
  statusCode?: unknown;
  isRetryable?: unknown;
  responseHeaders?: unknown;
  /** Text, or an object that was read from JSON. */
  responseBody?: unknown;
  metadata?: unknown;
};

/** Statuses that pass by themselves, beside 5xx: a slow request, a conflict, a rate. */
const PASSING = new Set([408, 409, 429]);

/** Most entries of an error's metadata, and characters of each. */
const METADATA_LIMITS = { count: 32, length: 1_024 } as const;

/**
 * The error of a failed call: an overflow, a login that is missing or wrong, else an `APIError` with what the agent told, masked and bounded
 * . Nothing when the words name neither a status nor an error that providers are known for.
 */
export function modelError(failure: ModelFailure): SessionError | undefined {
  const { providerId } = failure;
  const message = shownText(failure.message);
  const responseBody = shownBody(failure.responseBody);
  const statusCode = statusOf(failure.statusCode);
  const isTold =
    failure.isCall === true || statusCode !== undefined || typeof failure.isRetryable === "boolean";
  const facts = { message, responseBody, statusCode, responseHeaders: headersOf(failure.responseHeaders) };
  const error = classifyError({ name: "APICallError", ...facts }, { providerId });
  if (error.name !== "APIError") return error;
  if (!isTold) return classifyStreamError(responseBody ?? message);
  if (statusCode === 401 && responseBody?.trimStart().startsWith("<") !== true)
    return { name: "ProviderAuthError", data: { providerId, message: error.data.message } };
  const metadata = metadataOf(failure.metadata);
  const passes = isRetryable(error) || PASSING.has(statusCode ?? 0);
  error.data.isRetryable =
    typeof failure.isRetryable === "boolean" ? failure.isRetryable : passes && !isRefusal(responseBody);
  if (metadata !== undefined) error.data.metadata = metadata;
  return error;
}

/** The error of a try that is repeated: always an `APIError`. Its words may be the provider's JSON. */
export function triedError(failure: Omit<ModelFailure, "providerId">): APIError {
  const streamed = classifyStreamError(failure.message);
  const said = streamed !== undefined && "message" in streamed.data ? streamed.data.message : undefined;
  const words = said === undefined ? {} : { message: said, responseBody: failure.message };
  const error = modelError({ ...failure, ...words, isRetryable: true, providerId: "" });
  if (error?.name === "APIError") return error;
  return { name: "APIError", data: { message: shownText(said ?? failure.message), isRetryable: true } };
}

/** Whatever an agent gives as an HTTP status, when it is one. */
function statusOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 100 && value <= 999
    ? value
    : undefined;
}

/** A provider's answer as it may be kept: masked, at most 32,768 characters. */
export function shownBody(value: unknown): string | undefined {
  const text = typeof value === "object" && value !== null ? JSON.stringify(value) : value;
  return typeof text === "string" ? cleanText(redact(text.slice(0, ERROR_BODY_LENGTH))) : undefined;
}

function headersOf(value: unknown): Record<string, string> | undefined {
  const told = strings(value);
  // Which of them are kept, and which are secrets, is the table's business.
  return told && Object.fromEntries(Object.entries(told).map(([name, text]) => [name, shownText(text)]));
}

/** Addresses lose their query, where keys of some providers stand. */
function metadataOf(value: unknown): Record<string, string> | undefined {
  const told = Object.entries(strings(value) ?? {}).slice(0, METADATA_LIMITS.count);
  if (told.length === 0) return undefined;
  return Object.fromEntries(
    told.map(([name, text]) => [
      shownText(name),
      shownText((name === "url" ? (text.split(/[?#]/, 1)[0] ?? "") : text).slice(0, METADATA_LIMITS.length)),
    ]),
  );
}

function strings(value: unknown): Record<string, string> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
