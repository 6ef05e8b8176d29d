import { REF_METHODS, refRequest } from "@holdfast/protocol";
import { HoldfastApiError, isPassing } from "./error.ts";
import {
  blocked,
  type GroupContext,
  type Intent,
  type IntentTransport,
  isSettled,
  type Outcome,
  withResults,
} from "./intent.ts";
import { createTransport, type Shape, type Transport, type TransportConfig } from "./transport.ts";

/** Calls of a ref as requests (S-27): one after another, each under its operation id. `token` is the ref's secret. */
export function intentsOverHttp(config: TransportConfig): IntentTransport {
  // Whoever keeps the intents decides when they are sent again.
  const { send } = createTransport({ ...config, limits: { ...config.limits, retries: 0 } });
  return {
    async send(group, context) {
      for (const { opId } of group) {
        const intent = context.intentOf(opId);
        if (intent === undefined || isSettled(intent)) continue;
        await context.tell(blocked(intent, context.intentOf) ?? (await request(send, intent, context)));
      }
    },
  };
}

async function request(
  send: Transport["send"],
  { opId, method, args }: Intent,
  { intentOf, signal }: GroupContext,
): Promise<Outcome> {
  try {
    const whole = withResults(args, (id) => intentOf(id)?.result) as Record<string, unknown>;
    const { method: verb, path, body } = refRequest(method, whole);
    const options = { signal, idempotencyKey: opId, ...(body === undefined ? {} : { body }) };
    const shape: Shape<unknown> = REF_METHODS[method].result;
    const { value } = await send(verb, path, shape, options);
    return { opId, result: value };
  } catch (error) {
    if (error instanceof TypeError)
      return { opId, error: { code: "DEPENDENCY_UNMET", message: error.message } };
    if (!(error instanceof HoldfastApiError) || isPassing(error)) throw error;
    return { opId, error: { code: error.code, message: error.message } };
  }
}
