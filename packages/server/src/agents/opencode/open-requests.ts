/**
 * What opencode asks while it works, answered once. A request that the stream brings and a look finds again is the same one; an answer
 * that did not arrive is given again. Only `once` and `reject` are ever said: standing rules are our own.
 */
import { errorText, type Logger } from "@holdfast/kernel";
import { NOT_ALLOWED } from "../not-allowed.ts";
import type { PermissionAnswer } from "../port.ts";
import type { OpencodeApi } from "./api.ts";
import { text, type Json } from "./json.ts";
import { permissionAskOf, wirePermission, type WirePermission } from "./permission-ask.ts";
import type { PromptRun } from "./prompt-run.ts";

export type OpenRequestsDeps = {
  logger: Logger;
  api(): OpencodeApi;
  /** The prompt that runs, if any: nobody else can answer. */
  run(): PromptRun | undefined;
  /** Whether a session is the handle's, or works for it as far as is known. */
  isOurs(sessionId: string): boolean;
  /** A session works for another one. */
  adopt(child: string, parent: string): void;
};

/** How deep sessions of subagents may stand below one of ours. */
const MAX_DEPTH = 8;

/** Requests whose answers are remembered; older ones are long over. */
const MAX_REMEMBERED = 1_000;

export class OpenRequests {
  readonly #deps: OpenRequestsDeps;
  readonly #answers = new Map<string, PermissionAnswer | "waiting">();

  constructor(deps: OpenRequestsDeps) {
    this.#deps = deps;
  }

  /** A permission request, from the stream or from a look. */
  permission(properties: Json): void {
    const request = wirePermission(properties);
    if (request === undefined) return;
    const answer = this.#answers.get(request.id);
    if (answer === undefined) void this.#decide(request);
    else if (answer !== "waiting") void this.#reply(request.id, answer);
  }

  /** Looks for open requests that the stream may not have brought; the owner of a session that is not known is looked up. */
  async find(): Promise<void> {
    const api = this.#deps.api();
    for (const request of await api.permissions()) {
      let id = text(request["sessionID"]);
      for (let depth = 0; id !== undefined && !this.#deps.isOurs(id) && depth < MAX_DEPTH; depth += 1) {
        const parent = text((await api.getSession(id))?.["parentID"]);
        if (parent !== undefined) this.#deps.adopt(id, parent);
        id = parent;
      }
      if (id !== undefined && this.#deps.isOurs(id)) this.permission(request);
    }
  }

  /** Nobody can be asked a question through us; the tool is told so, and the model goes on without it. */
  question(properties: Json): void {
    const id = text(properties["id"]);
    if (id === undefined) return;
    this.#quietly(this.#deps.api().rejectQuestion(id));
  }

  async #decide(request: WirePermission): Promise<void> {
    this.#remember(request.id, "waiting");
    const run = this.#deps.run();
    const known = request.call && run?.view.findTool(request.call.messageId, request.call.callId);
    const answer = await run?.prompt.ask(permissionAskOf(request, known));
    await this.#reply(request.id, answer ?? "cancelled");
  }

  /** opencode says by itself that the user rejected: where no person did, it is told why. A turn that is being stopped does not go on. */
  async #reply(requestId: string, answer: PermissionAnswer): Promise<void> {
    this.#remember(requestId, answer);
    const reply = answer === "once" ? "once" : "reject";
    const words = answer === "denied" || answer === "expired" ? NOT_ALLOWED[answer] : undefined;
    this.#quietly((async () => this.#deps.api().replyPermission(requestId, reply, words))());
  }

  #remember(requestId: string, answer: PermissionAnswer | "waiting"): void {
    this.#answers.set(requestId, answer);
    const oldest = this.#answers.size > MAX_REMEMBERED ? this.#answers.keys().next().value : undefined;
    if (oldest !== undefined) this.#answers.delete(oldest);
  }

  /** What could not be said is said again when a look finds the request still open. */
  #quietly(told: Promise<void>): void {
    told.catch((error: unknown) => {
      this.#deps.logger.debug({ error: errorText(error) }, "an answer did not reach opencode");
      this.#deps.run()?.lookSoon({ withRequests: true });
    });
  }
}
