/**
 * What the server acknowledged over all its lives, read from the recorder's files (durability 11): admissions, deltas, ends of turns, answers to permission
 * requests, deletions, and the chain of events of each session. Pure: bytes in, claims out.
 */
import type { Admitted, Permission, SessionEvent, Turn } from "@holdfast/protocol";
import { isTerminal } from "@holdfast/protocol";
import type { Exchange } from "./record-log.ts";

export type AcknowledgedDelta = {
  sessionId: string;
  partId: string;
  field: string;
  offset: number;
  text: string;
};

export class Ledger {
  /** Text of the input -> ids that were answered. */
  readonly admissions = new Map<
    string,
    { sessionId: string; inputId: string; turnId: string; messageId: string }
  >();
  readonly deltas: AcknowledgedDelta[] = [];
  /** Turn id -> the state it was acknowledged to have ended in. */
  readonly ends = new Map<string, string>();
  readonly replies = new Map<string, string>();
  readonly titles = new Map<string, string[]>();
  readonly deleted = new Set<string>();
  /** Events of the streams that went on where the last one was cut, per session. */
  readonly chains = new Map<string, SessionEvent[]>();
  readonly violations: string[] = [];
  answers = 0;
  frames = 0;

  /** Takes the exchanges of one life, in the order of their requests. */
  take(exchanges: readonly Exchange[]): void {
    for (const exchange of exchanges) {
      if (exchange.answer !== undefined) this.#answer(exchange);
      this.#frames(exchange);
    }
  }

  /** The last event that the chain of a session has. */
  cursor(sessionId: string): number {
    return this.chains.get(sessionId)?.at(-1)?.seq ?? 0;
  }

  #answer(exchange: Exchange): void {
    this.answers += 1;
    const { answer, method, path } = exchange;
    if (answer === undefined) return;
    const { status, body } = answer;
    if (status >= 500 && status !== 503)
      this.violations.push(`${method} ${path} was answered with ${status}`);
    const [, , kind, id, sub] = path.split("?")[0]?.split("/") ?? [];
    if (method === "POST" && sub === "inputs" && status === 202) this.#admitted(exchange, body as Admitted);
    if (method === "POST" && kind === "permissions" && status === 200) {
      const permission = body as Permission;
      this.replies.set(permission.id, permission.state);
    }
    if (method === "PATCH" && kind === "sessions" && status === 200 && id !== undefined) {
      this.titles.set(id, [...(this.titles.get(id) ?? []), (body as { title: string }).title]);
    }
    if (method === "DELETE" && status === 204 && id !== undefined) this.deleted.add(id);
  }

  #admitted(exchange: Exchange, admitted: Admitted): void {
    const text = (JSON.parse(exchange.body ?? "{}") as { parts: { text: string }[] }).parts[0]?.text ?? "";
    const ids = {
      sessionId: admitted.input.sessionId,
      inputId: admitted.input.id,
      turnId: admitted.turn.id,
      messageId: admitted.message.info.id,
    };
    const before = this.admissions.get(text);
    if (before !== undefined && before.inputId !== ids.inputId) {
      this.violations.push(`one key made two inputs: ${before.inputId} and ${ids.inputId}`);
    }
    this.admissions.set(text, ids);
  }

  #frames(exchange: Exchange): void {
    for (const frame of exchange.frames) {
      if (frame.event === "reset")
        this.violations.push(`${exchange.path}: reset ${JSON.stringify(frame.data)}`);
      if (frame.id === undefined) continue;
      this.frames += 1;
      this.#event(frame.data as SessionEvent, exchange.label === "chain");
    }
  }

  #event(event: SessionEvent, isChain: boolean): void {
    if (event.type === "message.part.delta") this.deltas.push({ sessionId: event.sessionId, ...event.data });
    if ("turn" in event.data) this.#end(event.data.turn);
    if (event.type === "permission.replied") this.replies.set(event.data.permission.id, "replied");
    if (!isChain) return;
    const chain = this.chains.get(event.sessionId) ?? [];
    this.chains.set(event.sessionId, chain);
    const last = chain.at(-1)?.seq ?? 0;
    if (event.seq <= last || event.prev > last) {
      this.violations.push(`${event.sessionId}: event ${event.seq} (prev ${event.prev}) came after ${last}`);
    }
    chain.push(event);
  }

  #end(turn: Turn): void {
    if (!isTerminal(turn.state)) return;
    const end = `${turn.state} / ${turn.reason ?? "-"}`;
    const before = this.ends.get(turn.id);
    if (before !== undefined && before !== end)
      this.violations.push(`${turn.id} ended ${before}, then ${end}`);
    this.ends.set(turn.id, end);
  }
}
