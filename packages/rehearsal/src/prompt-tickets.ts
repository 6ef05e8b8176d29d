/**
 * Ties each `session/cancel` to the prompts it means: those that came before it on the wire and are not answered.
 *
 * The SDK starts handlers of neighbouring messages in no reliable order, so a cancel could overtake its prompt (and be lost)
 * or fall behind and hit the next one. Here both are noted while the messages still are in the order of the wire.
 */
import { methods, type AnyMessage, type JsonRpcId, type Stream } from "@agentclientprotocol/sdk";

type Ticket = { readonly sessionId: unknown; readonly cancelled: AbortController };

/** The unanswered prompts of one connection. */
export class PromptTickets {
  readonly #open = new Map<JsonRpcId, Ticket>();

  /** The same stream, watched. A ticket is released when the answer of its prompt is written. */
  watch(stream: Stream): Stream {
    const readable = stream.readable.pipeThrough(
      new TransformStream<AnyMessage, AnyMessage>({
        transform: (message, controller) => {
          this.#note(message);
          controller.enqueue(message);
        },
      }),
    );
    const writer = stream.writable.getWriter();
    const writable = new WritableStream<AnyMessage>({
      write: (message) => {
        if (!("method" in message)) this.#open.delete(message.id);
        return writer.write(message);
      },
    });
    return { readable, writable };
  }

  /** What aborts when the prompt of that request is cancelled. */
  cancelledOf(requestId: JsonRpcId): AbortController {
    return this.#open.get(requestId)?.cancelled ?? new AbortController();
  }

  #note(message: AnyMessage): void {
    if (!("method" in message)) return;
    const sessionId = (message.params as { sessionId?: unknown } | null | undefined)?.sessionId;
    if ("id" in message) {
      if (message.method === methods.agent.session.prompt) {
        this.#open.set(message.id, { sessionId, cancelled: new AbortController() });
      }
      return;
    }
    if (message.method !== methods.agent.session.cancel) return;
    for (const ticket of this.#open.values()) {
      if (ticket.sessionId === sessionId) ticket.cancelled.abort();
    }
  }
}
