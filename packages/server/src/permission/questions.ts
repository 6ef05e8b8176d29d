/**
 * Questions of agents to a person: durable rows with a deadline and one answer, as `waiting.ts` draws it. Nothing answers by itself: no
 * approval mode and no rule decides what somebody wants. Too late is a decline; an answer that does not fit the fields is refused and the row stays open.
 */
import { type Clock, faultPoint, HoldfastError, newId, notFound } from "@holdfast/kernel";
import {
  type Actor,
  checkAnswer,
  type MessageId,
  type Question,
  type QuestionAnswer,
  type QuestionAsk,
  type QuestionId,
  type SessionId,
  type TurnId,
} from "@holdfast/protocol";
import type { Applied, IdempotencyKey, Store } from "../store/index.ts";
import type { PermissionSettings } from "./settings.ts";
import { Waiters } from "./waiting.ts";

export type QuestionRequest = {
  sessionId: SessionId;
  turnId: TurnId;
  /** The claim's fence: asking is a write of turn progress (D-17). */
  epoch: number;
  agent: string;
  ask: QuestionAsk;
  /** Overrides the setting, in ms; 0: recorded as expired and declined at once. */
  timeoutMs?: number | undefined;
  call?: { messageId: MessageId; callId: string } | undefined;
  /** Aborts when the turn is being stopped: the answer is `cancel`. */
  signal: AbortSignal;
  /** Aborts when the agent does not ask any more: the same. */
  withdrawn: AbortSignal;
};

export type ReplyQuestionCommand = {
  questionId: QuestionId;
  answer: QuestionAnswer;
  actor: Actor;
  idempotency?: IdempotencyKey | undefined;
};

export type QuestionDeps = { store: Store; clock: Clock; settings: PermissionSettings };

export type Questions = {
  /** Never rejects because of a person or a deadline; rejects only when the store breaks in another way than being unavailable. */
  ask(request: QuestionRequest): Promise<QuestionAnswer>;
  /** NOT_FOUND, ALREADY_REPLIED; UNPROCESSABLE with an issue for each field that the answer does not fit. Wakes the agent that waits. */
  reply(command: ReplyQuestionCommand): Promise<Applied<Question>>;
  /** Nobody will answer any more: every waiting agent is told `cancel`, and so is every later one. Rows end with their turns. */
  stop(): void;
};

const SYSTEM: Actor = { id: "system:question", kind: "system", label: "question" };

export function createQuestions(deps: QuestionDeps): Questions {
  const waiters = new Waiters<QuestionAnswer>();
  const stopped = new AbortController();
  return {
    ask: (request) =>
      ask(deps, waiters, { ...request, signal: AbortSignal.any([request.signal, stopped.signal]) }),
    reply: (command) => reply(deps, waiters, command),
    stop() {
      stopped.abort();
      waiters.cancelAll();
    },
  };
}

async function ask(
  { store, clock, settings }: QuestionDeps,
  waiters: Waiters<QuestionAnswer>,
  request: QuestionRequest,
): Promise<QuestionAnswer> {
  const { sessionId, epoch, withdrawn, timeoutMs = settings.timeoutMs } = request;
  const signal = AbortSignal.any([request.signal, withdrawn]);
  if (signal.aborted) return { action: "cancel" };
  const question = questionRow(request, clock.now(), timeoutMs);
  const answer = await waiters.wait(clock, {
    id: question.id,
    timeoutMs,
    signal,
    async open() {
      await store.askQuestion({ sessionId, epoch, question });
      faultPoint("question.asked");
    },
    expire: (why) => {
      const expiry = why === "late" ? "deadline" : withdrawn.aborted ? "withdrawn" : "turnEnded";
      return store.expireQuestion({ questionId: question.id, expiry, actor: SYSTEM });
    },
    answerOf: (row: Question) => row.answer ?? { action: "cancel" },
  });
  if (typeof answer === "object") return answer;
  return { action: answer === "late" ? "decline" : "cancel" };
}

function questionRow(request: QuestionRequest, now: number, timeoutMs: number): Question {
  const { sessionId, turnId, agent, ask: asked, call } = request;
  return {
    id: newId("qst", now),
    sessionId,
    turnId,
    agent,
    ...asked,
    ...(call === undefined ? {} : { call }),
    state: "pending",
    deadline: now + timeoutMs,
    time: { asked: now },
  };
}

async function reply(
  { store }: QuestionDeps,
  waiters: Waiters<QuestionAnswer>,
  command: ReplyQuestionCommand,
): Promise<Applied<Question>> {
  const asked = await store.getQuestion(command.questionId);
  if (asked === undefined) throw notFound("question", command.questionId);
  if (asked.state === "pending") requireFit(asked, command.answer);
  const applied = await store.replyQuestion(command);
  faultPoint("question.replied");
  if (applied.value.answer !== undefined) waiters.answered(asked.id, applied.value.answer);
  return applied;
}

function requireFit({ id, fields }: Question, answer: QuestionAnswer): void {
  if (answer.action !== "accept") return;
  const issues = checkAnswer(fields, answer.content ?? {});
  if (issues.length === 0) return;
  const names = issues.map(({ path }) => path).join(", ");
  throw new HoldfastError(
    "UNPROCESSABLE",
    `The answer does not fit question ${id}: ${names}. See issues, and answer again.`,
    { issues },
  );
}
