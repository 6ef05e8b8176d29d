/**
 * A repetition is answered from its record even when what the first request needed is gone by now: a file that the turn itself deleted, an
 * agent that was uninstalled (D-5). The store looks for the record before anything else, so the same key is sent with a command that cannot be
 * applied, because its session does not exist: a record answers, and without one the refusal stands.
 */
import { isHoldfastError, newId } from "@holdfast/kernel";
import type { Admitted, Session } from "@holdfast/protocol";
import type { Applied } from "../store/index.ts";
import type { Caller, SessionDeps } from "./deps.ts";

/** What an earlier admission under the caller's key made; rejects with `refusal` when there was none. */
export function replayInput(
  deps: Pick<SessionDeps, "store">,
  caller: Caller,
  refusal: unknown,
): Promise<Applied<Admitted>> {
  return replay(caller, refusal, () =>
    deps.store.admitInput({
      ...caller,
      sessionId: newId("ses"),
      inputId: newId("inp"),
      turnId: newId("trn"),
      messageId: newId("msg"),
      parts: [],
      requestedDelivery: "queue",
      delivery: "queue",
      agent: "",
    }),
  );
}

/** What an earlier creation under the caller's key made; rejects with `refusal` when there was none. */
export function replaySession(
  deps: Pick<SessionDeps, "store">,
  caller: Caller,
  refusal: unknown,
): Promise<Applied<Session>> {
  return replay(caller, refusal, () =>
    deps.store.createSession({
      ...caller,
      sessionId: newId("ses"),
      parentId: newId("ses"),
      projectId: newId("prj"),
      workspaceId: newId("wsp"),
      directory: "",
      title: "",
      agent: "",
      approvalMode: "ask",
      resumePolicy: "manual",
    }),
  );
}

async function replay<T>(
  caller: Caller,
  refusal: unknown,
  ask: () => Promise<Applied<T>>,
): Promise<Applied<T>> {
  if (caller.idempotency === undefined || !isHoldfastError(refusal)) throw refusal;
  return ask().catch((error: unknown) => {
    throw isHoldfastError(error, "NOT_FOUND") ? refusal : error;
  });
}
