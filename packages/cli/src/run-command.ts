/** `holdfast run`: one input, followed to the end of its turn; the exit code is the turn's (I-11). */
import { HoldfastApiError, type HoldfastClient } from "@holdfast/client";
import type { OutputFormat, Permission, Question, Session, SessionEvent } from "@holdfast/protocol";
import { askPermission } from "./ask-permission.ts";
import { askQuestion } from "./ask-question.ts";
import type { Context } from "./context.ts";
import { describe } from "./describe-error.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { errorCodeOf, exitCodeOf, exitCodeOfTurn, type RunFacts } from "./exit.ts";
import { followTurn } from "./follow-turn.ts";
import { type Hold, holdLines } from "./hold-text.ts";
import { onInterrupt } from "./interrupts.ts";
import { requireListedModel } from "./listed-model.ts";
import { createSession, type NewSessionFlags } from "./new-session.ts";
import { type FormatFlags, outputFormat } from "./output-format.ts";
import { parseModel, readPrompt } from "./prompt-text.ts";
import { createRunReporter, type RunMode, type RunReporter } from "./run-reporter.ts";

export type RunFlags = NewSessionFlags &
  FormatFlags & {
    session?: string;
    timeout?: number;
    output: "text" | "stream-json";
  };

type Words = Awaited<ReturnType<typeof readPrompt>>;

/** How long a stopped turn may take to end before we leave it to the server, in ms. */
const STOP_WAIT_MS = 30_000;

export async function run(context: Context, words: readonly string[], flags: RunFlags): Promise<ExitCode> {
  const reporter = createRunReporter(modeOf(context, flags), context.output);
  try {
    const asked = outputFormat(flags);
    return await new Run(context, flags, reporter).go(await readPrompt(words), asked);
  } catch (error) {
    const exitCode = exitCodeOf(error);
    reporter.failed(errorCodeOf(error), describe(error), exitCode);
    context.output.note(`holdfast: ${describe(error)}`);
    return exitCode;
  }
}

function modeOf(context: Context, flags: RunFlags): RunMode {
  if (flags.output === "stream-json") return "stream-json";
  if (context.isJson) return "json";
  return flags.schema === undefined ? "text" : "value";
}

class Run {
  readonly #context: Context;
  readonly #flags: RunFlags;
  readonly #reporter: RunReporter;
  readonly #client: HoldfastClient;
  readonly #facts: RunFacts = {};
  readonly #leave = new AbortController();
  readonly #questions = new Map<string, AbortController>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #asking: Promise<void> = Promise.resolve();
  #sessionId: string | undefined;
  #turnId: string | undefined;
  #told: string | undefined;
  #isTroubled = false;

  constructor(context: Context, flags: RunFlags, reporter: RunReporter) {
    this.#context = context;
    this.#flags = flags;
    this.#reporter = reporter;
    this.#client = context.connect().client;
  }

  async go(words: Words, asked: { format?: OutputFormat }): Promise<ExitCode> {
    const forget = onInterrupt(
      () => this.#stop("interrupted"),
      () => this.#exit(),
    );
    try {
      const session = await this.#session();
      this.#sessionId = session.id;
      const { turn } = await this.#admit(session, words, asked).catch((error: unknown) =>
        this.#refused(session, error),
      );
      this.#turnId = turn.id;
      if (this.#facts.interrupted === true) this.#cancel();
      if (this.#flags.timeout !== undefined)
        this.#after(this.#flags.timeout * 1_000, () => this.#stop("timedOut"));
      const followed = await followTurn({
        client: this.#client,
        session,
        turnId: turn.id,
        reporter: {
          event: (event, turnId) => this.#hear(event, turnId),
          part: (part) => this.#reporter.part(part),
          hold: (hold) => this.#tellHold(session.id, hold),
          trouble: (error) => this.#tellTrouble(error),
        },
        signal: this.#leave.signal,
      });
      const exitCode = exitCodeOfTurn(followed.turn, this.#facts);
      this.#reporter.done(followed, exitCode);
      return exitCode;
    } catch (error) {
      if (this.#turnId !== undefined)
        this.#context.output.note(
          `Turn ${this.#turnId} was admitted; \`holdfast session show ${this.#sessionId}\` tells what became of it.`,
        );
      throw error;
    } finally {
      forget();
      this.#leave.abort();
      for (const question of this.#questions.values()) question.abort();
      for (const timer of this.#timers) clearTimeout(timer);
    }
  }

  async #session(): Promise<Session> {
    const { session, worktree, workspace } = this.#flags;
    if (session !== undefined && (worktree === true || workspace !== undefined))
      throw new CliError(
        EXIT.usage,
        "A session that is there works where it works; leave --session out for a new one.",
      );
    if (session !== undefined) return this.#client.getSession(session);
    return createSession(this.#context, this.#client, this.#flags);
  }

  async #admit(session: Session, words: Words, asked: { format?: OutputFormat }) {
    const isOld = this.#flags.session !== undefined;
    const { agent = session.agent, model } = this.#flags;
    if (isOld) await requireListedModel(this.#client, { agent, model });
    return this.#client.admitInput(session.id, {
      ...words,
      ...asked,
      ...(isOld && this.#flags.agent !== undefined ? { agent: this.#flags.agent } : {}),
      ...(isOld ? parseModel(this.#flags.model) : {}),
      // Nobody is there to answer: the agent is told at once.
      ...(this.#context.settings.isInteractive ? {} : { permissionTimeoutMs: 0 }),
    });
  }

  /** A session that was made for words that were refused is taken away again. Rejects with the refusal. */
  async #refused(session: Session, error: unknown): Promise<never> {
    const isRefusal = error instanceof HoldfastApiError && error.status < 500;
    if (isRefusal && this.#flags.session === undefined) {
      await this.#client.deleteSession(session.id).catch(() => undefined);
      this.#sessionId = undefined;
    }
    throw error;
  }

  #hear(event: SessionEvent, turnId: string): void {
    this.#turnId = turnId;
    this.#reporter.event(event, turnId);
    if ("permission" in event.data && event.data.permission.turnId === turnId) {
      const { permission } = event.data;
      if (permission.reply === "reject") this.#facts.denied = true;
      this.#hearRequest(permission, async (signal) => {
        const reply = await askPermission(permission, this.#context.output, signal);
        if (reply !== undefined) await this.#client.replyPermission(permission.id, { reply });
      });
    }
    if ("question" in event.data && event.data.question.turnId === turnId) {
      const { question } = event.data;
      this.#hearRequest(question, async (signal) => {
        const answer = await askQuestion(question, this.#context.output, signal);
        if (answer !== undefined) await this.#client.replyQuestion(question.id, answer);
      });
    }
  }

  /** Something is asked, or ended. One at a time is asked on the terminal: two would read the same line. */
  #hearRequest({ id, state }: Permission | Question, ask: (signal: AbortSignal) => Promise<void>): void {
    if (state === "expired") this.#facts.denied = true;
    if (state !== "pending") return this.#questions.get(id)?.abort();
    if (!this.#context.settings.isInteractive) return;
    const question = new AbortController();
    this.#questions.set(id, question);
    this.#asking = this.#asking.then(() => this.#askNow(id, () => ask(question.signal)));
  }

  async #askNow(id: string, ask: () => Promise<void>): Promise<void> {
    this.#reporter.asks(true);
    try {
      await ask();
    } catch (error) {
      this.#context.output.note(`holdfast: ${describe(error)}`);
    } finally {
      this.#reporter.asks(false);
      this.#questions.delete(id);
    }
  }

  #stop(why: "interrupted" | "timedOut"): void {
    this.#facts[why] = true;
    const hint =
      why === "interrupted" ? "Stopping; press Ctrl-C again to leave." : "The time is up; stopping.";
    this.#context.output.note(hint);
    if (this.#turnId !== undefined) this.#cancel();
  }

  #cancel(): void {
    const turnId = this.#turnId;
    if (turnId === undefined) return;
    this.#after(STOP_WAIT_MS, () =>
      this.#leave.abort(
        new CliError(this.#stopCode(), `Turn ${turnId} was told to stop and has not ended yet.`),
      ),
    );
    this.#client.cancelTurn(turnId).catch((error: unknown) => this.#leave.abort(error));
  }

  #exit(): void {
    this.#reporter.failed("INTERRUPTED", "Left before the turn ended.", EXIT.interrupted);
    process.exit(EXIT.interrupted);
  }

  #stopCode(): ExitCode {
    return this.#facts.interrupted === true ? EXIT.interrupted : EXIT.timeout;
  }

  #after(ms: number, act: () => void): void {
    this.#timers.add(setTimeout(act, ms));
  }

  /** Each reason once, until it is another one. */
  #tellHold(sessionId: string, hold: Hold | undefined): void {
    const lines = hold === undefined ? [] : holdLines(hold, sessionId);
    const text = lines.join("\n");
    if (text !== "" && text !== this.#told) this.#reporter.hold(lines);
    this.#told = text;
  }

  #tellTrouble(error: Error | undefined): void {
    if ((error !== undefined) === this.#isTroubled) return;
    this.#isTroubled = error !== undefined;
    this.#context.output.note(
      error === undefined ? "Connected again." : `Connection lost, trying again: ${error.message}`,
    );
  }
}
