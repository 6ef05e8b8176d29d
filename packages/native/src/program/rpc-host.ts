import type { Message } from "@holdfast/protocol";
/** The server over JSON-RPC. What is said goes out in order; a `commit` is answered behind all that was said before it. */
import { CancellationTokenSource, type MessageConnection } from "vscode-jsonrpc/node";
import type { Host } from "../host.ts";
import {
  type AgentQuestion,
  type BlobAnswer,
  type HistoryAnswer,
  type HistoryParams,
  type HookParams,
  MAX_SAID,
  METHODS,
  type PermissionAnswer,
  type PermissionAsk,
  type QuestionAnswer,
  type Said,
  SAY_BYTES,
  type TurnAnswer,
} from "../wire.ts";

export class RpcHost implements Host {
  readonly #connection: MessageConnection;
  /** Of what was said since the last commit that was asked for. */
  #uncommitted = 0;

  constructor(connection: MessageConnection) {
    this.#connection = connection;
  }

  async say(...events: Said[]): Promise<void> {
    for (let start = 0; start < events.length; start += MAX_SAID) {
      const some = events.slice(start, start + MAX_SAID);
      this.#uncommitted += Buffer.byteLength(JSON.stringify(some));
      await this.#connection.sendNotification(METHODS.say, { events: some });
    }
    if (this.#uncommitted > SAY_BYTES) await this.commit();
  }

  async commit(): Promise<void> {
    this.#uncommitted = 0;
    await this.#connection.sendRequest(METHODS.commit, {});
  }

  ask(request: PermissionAsk, signal: AbortSignal): Promise<PermissionAnswer> {
    return this.#withdrawable(METHODS.ask, request, signal);
  }

  askQuestion(question: AgentQuestion, signal: AbortSignal): Promise<QuestionAnswer> {
    return this.#withdrawable(METHODS.askQuestion, question, signal);
  }

  history(page: HistoryParams): Promise<HistoryAnswer> {
    return this.#connection.sendRequest(METHODS.history, page);
  }

  async turn(from?: string): Promise<Message[]> {
    this.#uncommitted = 0;
    return this.#connection.sendRequest<TurnAnswer>(METHODS.turn, from === undefined ? {} : { from });
  }

  async blob(hash: string): Promise<Uint8Array | undefined> {
    const answer = await this.#connection.sendRequest<BlobAnswer>(METHODS.blob, { hash });
    return answer === null ? undefined : Buffer.from(answer.data, "base64");
  }

  /** It has left this process when this returns. */
  announceHook(params: HookParams): void {
    this.#connection.sendNotification(METHODS.hook, params).catch(() => undefined);
  }

  async #withdrawable<T>(method: string, params: object, signal: AbortSignal): Promise<T> {
    const withdrawn = new CancellationTokenSource();
    const withdraw = () => withdrawn.cancel();
    if (signal.aborted) withdraw();
    signal.addEventListener("abort", withdraw, { once: true });
    try {
      return await this.#connection.sendRequest<T>(method, params, withdrawn.token);
    } finally {
      signal.removeEventListener("abort", withdraw);
      withdrawn.dispose();
    }
  }
}
