import type { AdmitInput, Admitted } from "@holdfast/protocol";
import type { CallOptions } from "./call.ts";

/** The calls that it is made of. */
type Calls = {
  admitInput(sessionId: string, body: AdmitInput, options?: CallOptions): Promise<Admitted>;
  cancelTurn(id: string, options?: CallOptions & { next?: string }): Promise<unknown>;
};

/**
 * Admits an input, stops the turn, and lets the input come next, the queue behind it: for agents that take nothing into a running turn. Nothing
 * is stopped when the input is refused. With a key of the caller's own it may be repeated until it is answered.
 */
export const stopAndSend =
  (calls: Calls) =>
  async (
    { sessionId, turnId }: { sessionId: string; turnId: string },
    body: AdmitInput,
    options: CallOptions = {},
  ): Promise<Admitted> => {
    const { idempotencyKey: _key, ...each } = options;
    const admitted = await calls.admitInput(sessionId, body, options);
    if (admitted.input.state !== "queued") return admitted;
    await calls.cancelTurn(turnId, { ...each, next: admitted.input.id });
    return admitted;
  };
