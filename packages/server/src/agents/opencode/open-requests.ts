/**
 * What opencode asks while it works, answered once. A request that the stream brings and a look finds again is the same one; an answer
 * that did not arrive is given again. Of permissions only `once` and `reject` are ever said: standing rules are our own.
 */
import { errorText, type Logger } from "@holdfast/kernel";
import type { QuestionAnswer } from "@holdfast/protocol";
import { labelsOf } from "../asked-questions.ts";
import { NOT_ALLOWED } from "../not-allowed.ts";
import type { OpencodeApi } from "./api.ts";
import { text, type Json } from "./json.ts";
import { permissionAskOf, wirePermission, type WirePermission } from "./permission-ask.ts";
import type { PromptRun } from "./prompt-run.ts";
import { wireQuestion, type WireQuestion } from "./question-ask.ts";

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

/** Gives opencode the answer; repeated until it arrived. */
type Tell = () => Promise<void>;

export class OpenRequests {
  readonly #deps: OpenRequestsDeps;
  readonly #answers = new Map<string, Tell | "waiting">();
  /** Questions that somebody is asked; each is withdrawn when opencode says that it was answered elsewhere. */
  readonly #open = new Map<string, AbortController>();

  constructor(deps: OpenRequestsDeps) {
    this.#deps = deps;
  }

  /** A permission request, from the stream or from a look. */
  permission(properties: Json): void {
    const request = wirePermission(properties);
    if (request === undefined) return;
    this.#once(request.id, async () => {
      const run = this.#deps.run();
      const answer = await run?.prompt.ask(permissionAskOf(request, knownCall(run, request)));
      const reply = answer === "once" ? "once" : "reject";
      // opencode says by itself that the user rejected: where no person did, it is told why. A turn that is being stopped does not go on.
      const words = answer === "denied" || answer === "expired" ? NOT_ALLOWED[answer] : undefined;
      return async () => this.#deps.api().replyPermission(request.id, reply, words);
    });
  }

  /** A question, from the stream or from a look; one that cannot be shown is refused, and the model goes on without it. */
  question(properties: Json): void {
    const id = text(properties["id"]);
    if (id === undefined) return;
    const request = wireQuestion(properties);
    this.#once(id, async () => {
      const answer = request && (await this.#askQuestion(request));
      if (answer === "withdrawn") return async () => undefined;
      if (request === undefined || answer?.action !== "accept")
        return async () => this.#deps.api().rejectQuestion(id);
      const answers = labelsOf(request.ask.fields, answer.content ?? {});
      return async () => this.#deps.api().replyQuestion(id, answers);
    });
  }

  /** A question has ended in opencode, by our answer or by another. */
  questionEnded(properties: Json): void {
    this.#open.get(text(properties["requestID"]) ?? "")?.abort();
  }

  /** Looks for open requests that the stream may not have brought; the owner of a session that is not known is looked up. */
  async find(): Promise<void> {
    const api = this.#deps.api();
    for (const request of await api.permissions())
      if (await this.#isOurs(api, request)) this.permission(request);
    for (const request of await api.questions()) if (await this.#isOurs(api, request)) this.question(request);
  }

  async #isOurs(api: OpencodeApi, request: Json): Promise<boolean> {
    let id = text(request["sessionID"]);
    for (let depth = 0; id !== undefined && !this.#deps.isOurs(id) && depth < MAX_DEPTH; depth += 1) {
      const parent = text((await api.getSession(id))?.["parentID"]);
      if (parent !== undefined) this.#deps.adopt(id, parent);
      id = parent;
    }
    return id !== undefined && this.#deps.isOurs(id);
  }

  async #askQuestion(request: WireQuestion): Promise<QuestionAnswer | "withdrawn" | undefined> {
    const run = this.#deps.run();
    const open = new AbortController();
    this.#open.set(request.id, open);
    try {
      const callId = knownCall(run, request)?.callId;
      const answer = await run?.prompt.askQuestion({ ...request.ask, callId }, open.signal);
      return open.signal.aborted ? "withdrawn" : answer;
    } finally {
      this.#open.delete(request.id);
    }
  }

  /** What the stream brings and a look finds again is asked once; an answer that did not arrive is given again. */
  #once(id: string, decide: () => Promise<Tell>): void {
    const answer = this.#answers.get(id);
    if (answer === "waiting") return;
    if (answer !== undefined) return this.#quietly(answer);
    this.#remember(id, "waiting");
    void this.#decide(id, decide);
  }

  async #decide(id: string, decide: () => Promise<Tell>): Promise<void> {
    const tell = await decide();
    this.#remember(id, tell);
    this.#quietly(tell);
  }

  #remember(requestId: string, answer: Tell | "waiting"): void {
    this.#answers.set(requestId, answer);
    const oldest = this.#answers.size > MAX_REMEMBERED ? this.#answers.keys().next().value : undefined;
    if (oldest !== undefined) this.#answers.delete(oldest);
  }

  /** What could not be said is said again when a look finds the request still open. */
  #quietly(tell: Tell): void {
    tell().catch((error: unknown) => {
      this.#deps.logger.debug({ error: errorText(error) }, "an answer did not reach opencode");
      this.#deps.run()?.lookSoon({ withRequests: true });
    });
  }
}

const knownCall = (run: PromptRun | undefined, { call }: Pick<WirePermission, "call">) =>
  call && run?.view.findTool(call.messageId, call.callId);
