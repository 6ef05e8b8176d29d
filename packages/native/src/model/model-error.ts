/**
 * What goes wrong with a call, as the error of the session (session-model 3). What the SDK gives where it went wrong:
 *
 *   before the answer     an `error` part with `AI_APICallError`: status, headers, body. OpenAI's Responses too where the first frame is an error.
 *   in the answer         an `error` part with `AI_StreamProviderError`: the provider's frame as `data`, a status that the SDK guesses, no headers.
 *   a frame of no form    `AI_TypeValidationError` with the frame as `value`, `AI_JSONParseError` with its text.
 *   the connection broke  in the answer the `TypeError` of fetch, with the socket's error as its cause; before it, `AI_APICallError` around that.
 *   the answer just ends  no error: finish `interrupted`. OpenAI-compatible: `AI_InvalidResponseDataError`.
 *   no call was made      though one was required: `AI_ToolChoiceViolationError` behind the whole answer. Not an error of ours: `isMissedToolChoice`.
 */
import { redact } from "@holdfast/kernel";
import { classifyError, classifyStreamError, isRefusal, type SessionError } from "@holdfast/protocol";
import type { ProviderAccess } from "../wire.ts";

type Facts = Readonly<Record<string, unknown>>;

/** Codes of Node and of its fetch for connections that broke or were never made. `ECONNRESET` is told apart by `classifyError`. */
const BROKEN = /^(?:UND_ERR_|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)/;

/** How deep causes are looked at. */
const CAUSES = 8;

/** The rest of an answer that broke off may be the key; shorter texts are no keys. */
const KEY_LENGTH = 8;

/**
 * Of an `error` part of the stream, of what reading it throws, or of anything else that was thrown while a model was asked. `aborting`: we are
 * stopping ourselves. What a provider said is kept, without the key and whatever else looks like a credential.
 */
export function modelError(
  error: unknown,
  access: Pick<ProviderAccess, "id" | "key">,
  aborting = false,
): SessionError {
  return masked(asLogin(classified(error, access.id, aborting), access.id), access.key);
}

/** The connection ended before the answer did: its finish is `interrupted`. */
export function interruptedError(): SessionError {
  return { name: "APIError", data: { message: "The answer broke off before its end", isRetryable: true } };
}

/** The model made no call though it had to: the answer is whole, and what it said stands. Such a step has finish `error` and this error part. */
export function isMissedToolChoice(error: unknown): boolean {
  return factsOf(error)["name"] === "AI_ToolChoiceViolationError";
}

function classified(error: unknown, providerId: string, aborting: boolean): SessionError {
  const facts = factsOf(error);
  switch (facts["name"]) {
    case "AI_RetryError":
      return classified(facts["lastError"], providerId, aborting);
    case "AI_NoOutputGeneratedError":
      return facts["cause"] === undefined
        ? interruptedError()
        : classified(facts["cause"], providerId, aborting);
    case "AI_InvalidResponseDataError":
      // The only one that a stream of an OpenAI-compatible endpoint gives without data.
      if (facts["data"] === undefined) return interruptedError();
      break;
    case "AI_StreamProviderError":
      return ofStream(facts, providerId);
    case "AI_TypeValidationError":
      return classifyStreamError(facts["value"]) ?? classifyError(error, { providerId, aborting });
  }
  const known = classifyError(error, { providerId, aborting });
  if (known.name !== "UnknownError") return known;
  const code = brokenCode(facts);
  if (code === undefined) return known;
  return {
    name: "APIError",
    data: {
      message: "The connection to the provider broke",
      isRetryable: true,
      metadata: { code, message: known.data.message },
    },
  };
}

/** A frame of the provider's that says what went wrong: read as the refusal of a call would be, as far as it goes. */
function ofStream(facts: Facts, providerId: string): SessionError {
  const { message, statusCode, isRetryable, data } = facts;
  const responseBody = JSON.stringify(data) ?? "";
  const error = classifyError(
    { name: "APICallError", message, statusCode, isRetryable, responseBody },
    { providerId },
  );
  if (error.name !== "APIError") return error;
  const coded = classifyStreamError(data);
  if (coded?.name === "ContextOverflowError") return coded;
  const passes = isRetryable === true || (coded?.name === "APIError" && coded.data.isRetryable);
  error.data.isRetryable = passes && !isRefusal(responseBody);
  return error;
}

/** A key that is wrong is a matter of the person's, as one that is missing. A page of HTML comes from a gateway between. */
function asLogin(error: SessionError, providerId: string): SessionError {
  if (error.name !== "APIError" || error.data.statusCode !== 401) return error;
  if (error.data.responseBody?.trimStart().startsWith("<") === true) return error;
  return { name: "ProviderAuthError", data: { providerId, message: error.data.message } };
}

function brokenCode(error: Facts): string | undefined {
  let current: Facts = error;
  for (let depth = 0; depth < CAUSES; depth += 1) {
    const code = current["code"];
    if (typeof code === "string" && BROKEN.test(code)) return code;
    current = factsOf(current["cause"]);
  }
  return undefined;
}

function masked(error: SessionError, key: string | undefined): SessionError {
  const isKey = key !== undefined && key.length >= KEY_LENGTH;
  const mask = (value: unknown): unknown => {
    if (typeof value === "string") return redact(isKey ? value.replaceAll(key, "[redacted]") : value);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mask(inner)]));
  };
  return { name: error.name, data: mask(error.data) } as SessionError;
}

function factsOf(value: unknown): Facts {
  return typeof value === "object" && value !== null ? (value as Facts) : {};
}
