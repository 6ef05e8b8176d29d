/**
 * One prompt of an opencode session, from its sending to its end.
 *
 *   sending ─accepted─► working ─look: ended─► over
 *      │ refused: failed    │ look: stranded ─► failed
 *      └ unknown: looked up by the id that we chose, never sent again
 *
 * Invariants: only a look ends it, events make us look; every look reads the status before the messages, so
 * that an answer which it finds complete in a session that is not busy is the last one; a cancel that came before the prompt was accepted is
 * told after it, and again while the session stays busy.
 */
import { errorText, wait, type Clock, type Logger, type Timer } from "@holdfast/kernel";
import type { SessionError, Usage } from "@holdfast/protocol";
import { agentError } from "../agent-error.ts";
import type { ContentEvent, PromptResult } from "../port.ts";
import type { RunningPrompt } from "../running-prompt.ts";
import { ApiError, type OpencodeApi, type PromptBody } from "./api.ts";
import { text } from "./json.ts";
import { promptError } from "./prompt-error.ts";
import { judgeTurn } from "./turn-end.ts";
import { TurnView } from "./turn-view.ts";

export type RunDeps = {
  agent: string;
  sessionId: string;
  clock: Clock;
  logger: Logger;
  /** The API of the present process; throws an `ApiError` without one. */
  api(): OpencodeApi;
  contextSize(model: string): number | undefined;
  /** Looks for requests that the stream may not have brought. */
  findRequests(): Promise<void>;
  /** Content of this prompt that came after its end. */
  late(event: ContentEvent): void;
};

/** After a look that did not decide, and without one for long, in ms. */
const LOOK_AGAIN_MS = 500;
const SAFETY_LOOK_MS = 30_000;

/**
 * Newest messages that a look asks for: few at first, because opencode takes about 0.2 ms for each, and many when the turn is longer than that;
 * more than one turn has, save for the longest.
 */
const LOOK_MESSAGES = { few: 8, many: 200 } as const;

/** How long a prompt with unknown outcome is looked for, and between two looks for it. */
const LOOK_UP_MS = 10_000;
const LOOK_UP_AGAIN_MS = 500;

export class PromptRun {
  readonly view: TurnView;
  readonly prompt: RunningPrompt;
  readonly #deps: RunDeps;
  #isAccepted = false;
  #isLookDue = false;
  #error: unknown;
  #quiet: { key: string; since: number } | undefined;
  #looking = false;
  #lookAgain = false;
  #findRequests = false;
  #timer: Timer | undefined;

  constructor(prompt: RunningPrompt, deps: RunDeps, userMessageId: string) {
    this.prompt = prompt;
    this.#deps = deps;
    this.view = new TurnView(userMessageId, (event) => {
      this.#quiet = undefined;
      if (prompt.isOver) deps.late(event);
      else prompt.sink.emit(event);
    });
    prompt.over.addEventListener("abort", () => this.#timer?.cancel());
  }

  get usage(): Usage | undefined {
    return this.view.usage((model) => this.#deps.contextSize(model));
  }

  /** Sends the prompt; its end settles it. */
  async send(body: PromptBody): Promise<void> {
    const { sessionId } = this.#deps;
    try {
      // A kept connection that the server is about to close shows on a question, which may be asked again, not on the prompt.
      await this.#deps.api().isBusy(sessionId);
      if (body.command === undefined) await this.#deps.api().prompt(sessionId, body);
      else await this.#begin(this.#deps.api().command(sessionId, body.command, body), body.messageID);
    } catch (error) {
      const refusal = refusalOf(error);
      const isThere = refusal === undefined && (await this.#lookUp(body.messageID));
      if (!isThere)
        return this.prompt.settle({
          outcome: "failed",
          error: this.#agentError(refusal ?? errorText(error)),
        });
    }
    this.#isAccepted = true;
    if (this.prompt.isOver) return;
    if (this.prompt.isCancelled) this.#abort();
    // A short turn may be over before the server's answer to its prompt was read.
    if (this.#isLookDue) this.lookSoon();
    else this.#planLook(SAFETY_LOOK_MS);
  }

  /** The session reported an error that no message may carry. */
  seeError(error: unknown): void {
    this.#error = error;
    this.lookSoon();
  }

  /** Looks at the session as soon as no look is running. */
  lookSoon(options: { withRequests?: boolean } = {}): void {
    if (options.withRequests === true) this.#findRequests = true;
    if (this.prompt.isOver) return;
    if (!this.#isAccepted) this.#isLookDue = true;
    else if (this.#looking) this.#lookAgain = true;
    else void this.#look();
  }

  /** Tells the agent to stop; it is over when a look shows that it did. */
  tellStop(): void {
    if (this.#isAccepted && !this.prompt.isOver) this.#abort();
  }

  /** A command is answered when it is done: it has begun when its message is there, or when it is not refused for long. */
  async #begin(done: Promise<void>, messageId: string): Promise<void> {
    done.catch(() => undefined);
    await Promise.race([done, this.#lookUp(messageId)]);
  }

  #abort(): void {
    const aborted = (async () => this.#deps.api().abort(this.#deps.sessionId))();
    aborted
      .catch((error: unknown) => {
        this.#deps.logger.debug({ error: errorText(error) }, "opencode could not be told to stop");
      })
      .finally(() => this.lookSoon());
  }

  async #lookUp(messageId: string): Promise<boolean> {
    const { clock, sessionId } = this.#deps;
    const deadline = clock.monotonic() + LOOK_UP_MS;
    while (!this.prompt.isOver && clock.monotonic() < deadline) {
      try {
        if (await this.#deps.api().hasMessage(sessionId, messageId)) return true;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
      await wait(clock, LOOK_UP_AGAIN_MS, this.prompt.over);
    }
    return false;
  }

  async #look(): Promise<void> {
    this.#looking = true;
    this.#timer?.cancel();
    let nextMs = LOOK_AGAIN_MS;
    do {
      this.#lookAgain = false;
      try {
        nextMs = await this.#lookOnce();
      } catch (error) {
        this.#deps.logger.debug({ error: errorText(error) }, "a session of opencode could not be looked at");
      }
    } while (this.#lookAgain && !this.prompt.isOver);
    this.#looking = false;
    this.#planLook(nextMs);
  }

  /** One look; answers when the next one is due. */
  async #lookOnce(): Promise<number> {
    const { sessionId } = this.#deps;
    if (this.#findRequests) {
      await this.#deps.findRequests();
      this.#findRequests = false;
    }
    const isBusy = await this.#deps.api().isBusy(sessionId);
    const { removals } = this.view;
    const messages = await this.#newest();
    if (this.prompt.isOver) return SAFETY_LOOK_MS;
    this.#show(messages, removals);
    const { newest } = this.view;
    const quietMs = this.#quietFor(isBusy ? undefined : `${newest?.id} ${newest?.settled}`);
    const sight = {
      newest,
      isBusy,
      quietMs,
      hasError: this.#error !== undefined,
      isCancelled: this.prompt.isCancelled,
    };
    switch (judgeTurn(sight)) {
      case "wait":
        if (!this.prompt.isCancelled) return SAFETY_LOOK_MS;
        await this.#deps.api().abort(sessionId);
        return LOOK_AGAIN_MS;
      case "look":
        return LOOK_AGAIN_MS;
      case "ended":
        this.prompt.settle(this.#ending());
        return SAFETY_LOOK_MS;
      case "stranded":
        this.prompt.settle(this.#stranded());
        return SAFETY_LOOK_MS;
    }
  }

  /** What a look showed, without what has gone since it began. */
  #show(messages: Awaited<ReturnType<OpencodeApi["messages"]>>, removals: number): void {
    const isGone = (...ids: unknown[]) => this.view.isGoneSince(removals, ...ids.map(text));
    for (const { info, parts } of messages) {
      if (isGone(info["id"])) continue;
      this.view.message(info);
      for (const part of parts) if (!isGone(part["id"])) this.view.part(part);
    }
  }

  /** The newest messages, back to the user's of this prompt as far as that is possible. */
  async #newest(): ReturnType<OpencodeApi["messages"]> {
    const { sessionId } = this.#deps;
    const few = await this.#deps.api().messages(sessionId, LOOK_MESSAGES.few);
    const isWhole =
      few.length < LOOK_MESSAGES.few || few.some(({ info }) => info["id"] === this.view.userMessageId);
    return isWhole ? few : await this.#deps.api().messages(sessionId, LOOK_MESSAGES.many);
  }

  #planLook(ms: number): void {
    this.#timer?.cancel();
    if (this.prompt.isOver) return;
    this.#timer = this.#deps.clock.after(ms, () => this.lookSoon({ withRequests: ms >= SAFETY_LOOK_MS }));
  }

  /** For how long looks have shown the same; `undefined` is something that goes on. */
  #quietFor(key: string | undefined): number {
    const now = this.#deps.clock.monotonic();
    if (key === undefined) this.#quiet = undefined;
    else if (this.#quiet?.key !== key) this.#quiet = { key, since: now };
    return now - (this.#quiet?.since ?? now);
  }

  #ending(): PromptResult {
    const { usage } = this;
    if (this.prompt.isCancelled) return { outcome: "ended", stopReason: "cancelled", usage };
    const { finish, error, providerId } = this.view.ending;
    const reported = error ?? (this.view.newest === undefined ? this.#error : undefined);
    if (reported !== undefined && reported !== null) {
      return { outcome: "failed", error: promptError(this.#deps.agent, reported, providerId) };
    }
    if (finish === "length") return { outcome: "ended", stopReason: "max_tokens", usage };
    if (finish === "content-filter") {
      const message = "The model's provider withheld the answer.";
      return { outcome: "failed", error: { name: "ContentFilterError", data: { message } } };
    }
    // Without a reason for the model opencode does not go on behind a no: its last answer still wanted to.
    const isDenied = this.prompt.isRejected && this.view.newest?.goesOn === true;
    return { outcome: "ended", stopReason: isDenied ? "denied" : "end_turn", usage };
  }

  #stranded(): PromptResult {
    if (this.prompt.isCancelled || this.#error !== undefined) return this.#ending();
    return { outcome: "failed", error: this.#agentError("it stopped working on the prompt without an end") };
  }

  #agentError(words: string): SessionError {
    const { agent } = this.#deps;
    return agentError({ agent, phase: "prompt", message: `${agent}: ${words}.` });
  }
}

/** Why a prompt was certainly not taken; `undefined` when nobody knows. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof ApiError)) throw error;
  const isRefused = error.status !== undefined && error.status >= 400 && error.status < 500;
  return isRefused ? error.message : undefined;
}
