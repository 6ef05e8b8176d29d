/**
 * What goes wrong with a call, as the error of the session (session-model 3). What the SDK gives where it went wrong:
 *
 *   before the answer     an `error` part with `AI_APICallError`: status, headers, body. OpenAI's Responses too where the first frame is an error.
 *   in the answer         an `error` part with `AI_StreamProviderError`: the provider's frame as `data`, a status that the SDK guesses, no headers.
 *   a frame of no form    `AI_TypeValidationError` with the frame as `value`, `AI_JSONParseError` with its text.
 *   the connection broke  before the answer an `error` part, in it thrown by the stream: `AI_APICallError`, with the socket's error as its cause.
 *   the answer just ends  no error: finish `interrupted` (`finishError`). OpenAI-compatible: an `error` part with `AI_InvalidResponseDataError`.
 *   no call was made      though one was required: `AI_ToolChoiceViolationError` behind the whole answer. Not an error of ours: `isMissedToolChoice`.
 */
import { redact } from "@holdfast/kernel";
import { classifyError, classifyStreamError, isRefusal, type SessionError } from "@holdfast/protocol";
import type { ProviderAccess } from "../wire.ts";

type Facts = Readonly<Record<string, unknown>>;

/** Codes of Node and of its fetch for connections that broke or were never made. `ECONNRESET` is told apart by `classifyError`. */
const BROKEN =
  /^(?:UND_ERR_|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)/;

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
  return masked(settled(classified(error, access.id, aborting), access.id), access.key);
}

/** The connection ended before the answer did: its finish is `interrupted`. */
export function interruptedError(): SessionError {
  return { name: "APIError", data: { message: "The answer broke off before its end", isRetryable: true } };
}

/**
 * What an answer's own finish says went wrong, by the `finishReason` and `rawFinishReason` of `finish-step`, where the stream had no `error` part.
 * Nothing for the others: what `length` means depends on whether calls are pending. No call of an answer with such a finish may be run:
 * its arguments may be the beginning of others.
 */
export function finishError(finish: string, raw: string | undefined): SessionError | undefined {
  if (finish === "interrupted") return interruptedError();
  const why = raw === undefined ? "" : ` (${raw})`;
  if (finish === "content-filter")
    return { name: "ContentFilterError", data: { message: `The provider withheld the answer${why}` } };
  if (finish !== "error") return undefined;
  // Gemini ends so where the model made a call that cannot be read: the next try makes another one.
  return { name: "APIError", data: { message: `The answer ended with an error${why}`, isRetryable: true } };
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
  const broken = known.name === "UnknownError" || isUnanswered(known) ? brokenBy(facts) : undefined;
  if (broken === undefined) return known;
  return {
    name: "APIError",
    data: {
      message: `The connection to the provider broke: ${broken.message}`,
      isRetryable: true,
      metadata: broken,
    },
  };
}

/** No refusal was read: the provider never answered, or it had begun to. */
function isUnanswered(error: SessionError): boolean {
  return (
    error.name === "APIError" &&
    (error.data.statusCode ?? 200) < 300 &&
    error.data.metadata?.["code"] === undefined
  );
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
  error.data.isRetryable = isRetryable === true || (coded?.name === "APIError" && coded.data.isRetryable);
  return error;
}

/**
 * What a person has to mend is not tried again, whatever its status: a key that is wrong, as one that is missing (a page of HTML comes from a
 * gateway between), and a quota that is used up.
 */
function settled(error: SessionError, providerId: string): SessionError {
  if (error.name !== "APIError") return error;
  const { statusCode, responseBody, message } = error.data;
  if (statusCode === 401 && responseBody?.trimStart().startsWith("<") !== true)
    return { name: "ProviderAuthError", data: { providerId, message } };
  return isRefusal(responseBody) ? { name: "APIError", data: { ...error.data, isRetryable: false } } : error;
}

/** Code and words of the socket's error that is the cause. */
function brokenBy(error: Facts): { code: string; message: string } | undefined {
  let current: Facts = error;
  for (let depth = 0; depth < CAUSES; depth += 1) {
    const { code, message } = current;
    if (typeof code === "string" && BROKEN.test(code))
      return { code, message: typeof message === "string" ? message : code };
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
