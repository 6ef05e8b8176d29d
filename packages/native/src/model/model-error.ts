/** What goes wrong with a call, as the error of the session. */
import { classifyError, type SessionError } from "@holdfast/protocol";
import type { ProviderAccess } from "../wire.ts";

/** Of an `error` part of the stream, of what `stream` throws, or of anything else that was thrown. Never contains the key. */
export function modelError(
  error: unknown,
  access: Pick<ProviderAccess, "id" | "kind" | "key">,
  aborting = false,
): SessionError {
  return classifyError(error, { providerId: access.id, aborting });
}

/** The connection ended before the answer did: finish `interrupted`, or no finish at all. */
export function interruptedError(): SessionError {
  return {
    name: "APIError",
    data: { message: "The answer broke off before its end", isRetryable: true },
  };
}
