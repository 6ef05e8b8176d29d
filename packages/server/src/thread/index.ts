export { answerQuestions } from "./answer-questions.ts";
export { createThreads, moduleBeside } from "./threads.ts";
