/**
 * One person or program at one session: what they type goes to the server, what happens comes back to their face.
 *
 * - A message is on the server's queue or still in the outbox, and shown there, until the transcript has it; never in both, never nowhere.
 * - The first Ctrl-C stops the turn that runs, the second leaves (I-11). Leaving ends this program's part only.
 * - Without a terminal it ends by itself: when its input has ended and the session does nothing, or asks what nobody here can answer.
 */
import { isApiError, type SessionState } from "@holdfast/client";
import { isTerminal, type Question, type SessionEvent } from "@holdfast/protocol";
import { AnswerSheet } from "./answer-sheet.ts";
import { type AskedLine, LINE_COMMANDS, type LineAction, readLine } from "./attach-line.ts";
import {
  isIdle,
  isQuestion,
  lastEndedTurn,
  liveTurn,
  oldestAsked,
  oldestRequest,
  queueLines,
  waitingInputs,
} from "./attach-state.ts";
import type { Context } from "./context.ts";
import { describe } from "./describe-error.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { exitCodeOfTurn } from "./exit.ts";
import { createPresses } from "./interrupts.ts";
import { MAX_WAITING, Outbox } from "./outbox.ts";
import { moment } from "./output.ts";
import { typedWords } from "./prompt-text.ts";
import { SessionFollower } from "./session-follower.ts";

/** What shows a session to somebody. */
export type Face = {
  /** The first state; nothing was shown before. */
  begin(state: SessionState): void;
  event(event: SessionEvent, state: SessionState, isLive: boolean): void;
  refreshed(state: SessionState): void;
  /** Something that is not of the session. */
  tell(text: string): void;
  /** Anything beside the transcript may have changed. */
  changed(state: SessionState): void;
  /** A line is begun and not sent: it is not meant for a question that comes up meanwhile. */
  isTyping(): boolean;
};

export type Outcome = {
  reason: "left" | "interrupted" | "deleted" | "idle" | "unanswered";
  exitCode: ExitCode;
  lastSeq: number;
  /** Messages of which nobody knows whether the server has them. */
  unsent: readonly string[];
  state: SessionState;
};

export class Attachment {
  readonly #options: { sessionId: string; giveUpMs: number; isPiped: boolean };
  readonly #follower: SessionFollower;
  readonly #leaving = new AbortController();
  readonly #mine = new Set<string>();
  readonly #stopped = new Set<string>();
  readonly #denied = new Set<string>();
  readonly #endedTurns: string[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #presses = createPresses(
    () => this.#pressed(),
    () => this.leave("interrupted"),
  );
  readonly #outbox: Outbox;
  #face: Face | undefined;
  #reason: Outcome["reason"] = "left";
  #isInputOver = false;
  #asked: { id: string; since: number; question: Question | undefined } | undefined;
  /** The answer that is being filled in. */
  #sheet: AnswerSheet | undefined;
  /** Why there is no connection; undefined while there is one. */
  trouble: Error | undefined;

  constructor(context: Context, options: { sessionId: string; giveUpMs: number; isPiped: boolean }) {
    this.#options = options;
    this.#follower = new SessionFollower({
      ...options,
      connect: () => context.connect(),
      signal: this.#leaving.signal,
      watcher: {
        refreshed: (state) => this.#refreshed(state),
        event: (event, state, isLive) => this.#heard(event, state, isLive),
        reset: (reason) => this.#tell(`Events were skipped (${reason}); reading the session again.`),
        trouble: (error) => this.#troubled(error),
      },
    });
    this.#outbox = new Outbox({
      send: ({ text, delivery }, call) =>
        this.#follower.client.admitInput(
          options.sessionId,
          { ...typedWords(text), ...(delivery === "steer" ? { delivery } : {}) },
          call,
        ),
      admitted: ({ turn, input }) => {
        this.#mine.add(turn.id);
        if (input.delivery !== input.requestedDelivery)
          this.#tell("The agent takes no message during a turn; it was queued.");
      },
      refused: (text, error) => this.#tell(`${describe(error)}\nNot sent: ${text}`),
      changed: () => this.#changed(),
    });
  }

  get unsent(): readonly string[] {
    return this.#outbox.waiting;
  }

  /** What a line that is typed now is for, when it is for something that is asked. */
  get asks(): string | undefined {
    if (this.#asked === undefined) return undefined;
    const { question } = this.#asked;
    return question === undefined ? "[o]nce, [a]lways, [r]eject [why]> " : this.#sheetFor(question).prompt;
  }

  async run(face: Face): Promise<Outcome> {
    this.#face = face;
    process.on("SIGINT", this.interrupt);
    try {
      if ((await this.#follower.follow()) === "deleted") this.#reason = "deleted";
    } finally {
      process.off("SIGINT", this.interrupt);
      this.#leaving.abort();
      this.#wakeAll();
    }
    const unsent = await this.#outbox.close();
    const { state } = this.#follower;
    return {
      reason: this.#reason,
      exitCode: this.#exitCode(state),
      lastSeq: state.lastSeq,
      unsent,
      state,
    };
  }

  /** Ctrl-C. */
  interrupt = (): void => this.#presses.press();

  leave(reason: Outcome["reason"]): void {
    if (this.#leaving.signal.aborted) return;
    this.#reason = reason;
    this.#leaving.abort();
  }

  /** Nothing more will be typed. */
  inputEnded(): void {
    this.#isInputOver = true;
    this.#changed();
  }

  /** Calls back once it is over, at once when it is. */
  whenOver(run: () => void): void {
    const { signal } = this.#leaving;
    if (signal.aborted) run();
    else signal.addEventListener("abort", run, { once: true });
  }

  /** Looks again at what has to be shown. */
  look(): void {
    this.#changed();
  }

  /** Takes what was typed; resolves when it was dealt with. */
  async line(text: string): Promise<void> {
    if (this.#leaving.signal.aborted) return;
    this.#presses.forget();
    const { state } = this.#follower;
    const commands = Object.values(state.agentSessions).flatMap((row) => row.commands ?? []);
    const asked: AskedLine | undefined = this.#asked && {
      what: this.#asked.question === undefined ? "permission" : "question",
      forMs: performance.now() - this.#asked.since,
    };
    const names = commands.map(({ name }) => name);
    try {
      await this.#act(readLine(text, asked, names));
    } catch (error) {
      if (!this.#leaving.signal.aborted) this.#tell(describe(error));
    }
    this.#changed();
  }

  async #act(action: LineAction): Promise<void> {
    const { client } = this.#follower;
    switch (action.kind) {
      case "nothing":
        return;
      case "message": {
        const sent = this.#outbox.put(action.text, action.delivery);
        if (sent === undefined)
          this.#tell(`More than ${MAX_WAITING} messages wait to be sent. Not sent: ${action.text}`);
        // A pipe is read no faster than the server takes it; a person goes on typing.
        return this.#options.isPiped ? sent : undefined;
      }
      case "reply":
        return await this.#reply(action);
      case "fill":
        return await this.#fill(action.line);
      case "stop":
        return this.#stop();
      case "queue":
        return this.#tellQueue();
      case "remove":
        return await this.#remove(action.place);
      case "resume":
        await client.resumeQueue(this.#options.sessionId);
        return;
      case "continue":
        return await this.#continue();
      case "leave":
        return this.leave("left");
      case "help":
        return this.#tell(LINE_COMMANDS.map(([name, text]) => `  ${name.padEnd(20)}${text}`).join("\n"));
      case "refused":
        return this.#tell(action.why);
    }
  }

  async #reply(action: Extract<LineAction, { kind: "reply" }>): Promise<void> {
    const { reply, message } = action;
    // A script answers before it is asked.
    if (this.#options.isPiped)
      await this.#until((state) => oldestRequest(state) !== undefined || this.#isQuiet(state));
    const { permissions } = this.#follower.state;
    const request = permissions[this.#asked?.id ?? ""] ?? oldestRequest(this.#follower.state);
    if (request === undefined) return this.#tell("No open requests.");
    const body = { reply, ...(message === undefined ? {} : { message }) };
    await this.#answered(() => this.#follower.client.replyPermission(request.id, body));
    if (this.#options.isPiped) await this.#until((state) => !(request.id in state.permissions));
  }

  /** Takes a line of an answer; the last one sends it. */
  async #fill(line: string): Promise<void> {
    if (this.#options.isPiped)
      await this.#until((state) => Object.keys(state.questions).length > 0 || this.#isQuiet(state));
    const { questions } = this.#follower.state;
    const question = questions[this.#asked?.id ?? ""] ?? Object.values(questions)[0];
    if (question === undefined) return this.#tell("No open questions.");
    const { answer, problem } = this.#sheetFor(question).take(line);
    if (problem !== undefined) this.#tell(problem);
    if (answer === undefined) return;
    this.#sheet = undefined;
    await this.#answered(() => this.#follower.client.replyQuestion(question.id, answer));
    if (this.#options.isPiped) await this.#until((state) => !(question.id in state.questions));
  }

  #sheetFor(question: Question): AnswerSheet {
    if (this.#sheet?.question.id !== question.id) this.#sheet = new AnswerSheet(question);
    return this.#sheet;
  }

  /** Sends an answer; that somebody else was first is no failure. */
  async #answered(send: () => Promise<unknown>): Promise<void> {
    try {
      await send();
    } catch (error) {
      if (!isApiError(error, "ALREADY_REPLIED")) throw error;
      this.#tell("Somebody else answered before.");
    }
  }

  #stop(): void {
    const turn = liveTurn(this.#follower.state);
    if (turn === undefined) return this.#tell("Nothing is running.");
    this.#stopped.add(turn.id);
    this.#follower.client
      .cancelTurn(turn.id)
      .catch((error: unknown) => this.#tell(`Not stopped: ${describe(error)}`));
  }

  #pressed(): void {
    if (liveTurn(this.#follower.state) === undefined)
      this.#tell("Nothing is running; press Ctrl-C again to leave.");
    else {
      this.#tell("Stopping; press Ctrl-C again to leave.");
      this.#stop();
    }
  }

  #tellQueue(): void {
    const lines = queueLines(this.#follower.state, Number.POSITIVE_INFINITY);
    this.#tell(lines.length === 0 ? "Nothing waits." : lines.map((line) => `  ${line}`).join("\n"));
  }

  async #remove(place: number): Promise<void> {
    const input = waitingInputs(this.#follower.state)[place - 1];
    if (input === undefined) return this.#tell(`Nothing waits at place ${place}.`);
    await this.#follower.client.removeInput(input.id);
  }

  async #continue(): Promise<void> {
    const last = lastEndedTurn(this.#follower.state);
    if (last === undefined) return this.#tell("There is no turn to go on from.");
    const { turn } = await this.#follower.client.resumeTurn(last.id);
    this.#mine.add(turn.id);
  }

  #refreshed(state: SessionState): void {
    if (this.#isFirst) this.#face?.begin(state);
    else this.#face?.refreshed(state);
    if (this.#isFirst) this.#tellLimit(state);
    this.#isFirst = false;
    this.#changed();
  }
  #isFirst = true;

  /** That another session met the usage limit of this one's agent. It is no event of this session, and not being told is no failure. */
  #tellLimit({ session }: SessionState): void {
    const tell = async () => {
      const { items } = await this.#follower.client.listAgents();
      const limit = items.find(({ id }) => id === session?.agent)?.limit;
      if (limit === undefined || limit.sessionId === session?.id) return;
      const until = `is at its usage limit until ${moment(limit.until)}`;
      this.#tell(`${session?.agent} ${until}, as session ${limit.sessionId} was told.`);
    };
    tell().catch(() => undefined);
  }

  #heard(event: SessionEvent, state: SessionState, isLive: boolean): void {
    if ("turn" in event.data && isTerminal(event.data.turn.state)) this.#endedTurns.push(event.data.turn.id);
    const { data } = event;
    if ("permission" in data && (data.permission.state === "expired" || data.permission.reply === "reject"))
      this.#denied.add(data.permission.turnId);
    if ("question" in data && data.question.state === "expired") this.#denied.add(data.question.turnId);
    this.#face?.event(event, state, isLive);
    if (isLive) this.#changed();
  }

  #troubled(error: Error | undefined): void {
    this.trouble = error;
    this.#tell(error === undefined ? "Connected again." : `Connection lost, trying again: ${error.message}`);
    this.#changed();
  }

  #changed(): void {
    const { state } = this.#follower;
    const request = oldestAsked(state);
    if (this.#asked !== undefined && !(this.#asked.id in { ...state.permissions, ...state.questions }))
      this.#asked = undefined;
    if (
      this.#asked === undefined &&
      request !== undefined &&
      !this.#options.isPiped &&
      this.#face?.isTyping() === false
    )
      this.#asked = {
        id: request.id,
        since: performance.now(),
        question: isQuestion(request) ? request : undefined,
      };
    if (this.#leaving.signal.aborted || state.session === undefined) return;
    this.#face?.changed(state);
    this.#wakeAll();
    if (!this.#isInputOver) return;
    if (request !== undefined) {
      this.#denied.add(request.turnId);
      this.#tell(
        "Nobody here can answer; the request stays open (holdfast permission list, holdfast question list).",
      );
      this.leave("unanswered");
    } else if (this.#isQuiet(state)) this.leave("idle");
  }

  #isQuiet(state: SessionState): boolean {
    return this.#outbox.waiting.length === 0 && isIdle(state, this.#mine);
  }

  async #until(isMet: (state: SessionState) => boolean): Promise<void> {
    while (!this.#leaving.signal.aborted && !isMet(this.#follower.state))
      await new Promise<void>((wake) => this.#waiters.add(wake));
  }

  #wakeAll(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  #tell(text: string): void {
    this.#face?.tell(text);
  }

  /** Of the first own turn that did not complete, else of the last that ended here (I-11). */
  #exitCode(state: SessionState): ExitCode {
    if (this.#reason === "deleted") return EXIT.notFound;
    if (this.#reason === "interrupted") return EXIT.interrupted;
    if (this.#reason === "unanswered") return EXIT.denied;
    if (this.#reason === "left") return EXIT.completed;
    const ids = this.#mine.size > 0 ? [...this.#mine] : this.#endedTurns.slice(-1);
    for (const id of ids) {
      const turn = state.turns[id];
      const facts = { interrupted: this.#stopped.has(id), denied: this.#denied.has(id) };
      const code = turn === undefined ? EXIT.completed : exitCodeOfTurn(turn, facts);
      if (code !== EXIT.completed) return code;
    }
    return EXIT.completed;
  }
}
