/** Inside of a thread that `createThreads` started. */
import { parentPort } from "node:worker_threads";
import { READY } from "./ready.ts";

/** Says that the thread is up, and answers each question; who asks waits for one answer before the next question. What it throws ends the thread. */
export function answerQuestions<Question, Answer>(
  answer: (question: Question) => Answer | Promise<Answer>,
): void {
  parentPort?.on("message", (question: Question) => {
    void Promise.resolve(answer(question)).then((given) => parentPort?.postMessage(given));
  });
  parentPort?.postMessage(READY);
}
