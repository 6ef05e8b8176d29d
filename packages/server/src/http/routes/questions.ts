import { questionAnswerSchema, questionListSchema, questionSchema } from "@holdfast/protocol";
import { refOf, within } from "../ref-scope.ts";
import { applied, defineRoute, ok, type Route } from "../route.ts";
import { onQuestion, requestQuery } from "./fields.ts";

const tag = "questions";

/** What agents want to know of a person. */
export const QUESTION_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/api/questions",
    action: "question.read",
    on: "server",
    tag,
    summary: "List questions of agents over all sessions",
    query: requestQuery,
    answers: { 200: { description: "Questions", schema: questionListSchema } },
    run: async ({ query, credential }, { sessions }) =>
      ok(await sessions.questions(within(query, refOf(credential)))),
  }),
  defineRoute({
    method: "GET",
    path: "/api/questions/:id",
    action: "question.read",
    on: "question",
    tag,
    summary: "Read a question",
    params: onQuestion,
    answers: { 200: { description: "The question", schema: questionSchema } },
    run: async ({ params }, { sessions }) => ok(await sessions.getQuestion(params.id)),
  }),
  defineRoute({
    method: "POST",
    path: "/api/questions/:id/reply",
    action: "question.reply",
    on: "question",
    tag,
    summary: "Answer a question; the first answer wins",
    params: onQuestion,
    body: questionAnswerSchema,
    answers: { 200: { description: "The question", schema: questionSchema } },
    async run({ params, body, caller }, { questions }) {
      const { value, replayed } = await questions.reply({ questionId: params.id, answer: body, ...caller });
      return applied(200, value, replayed);
    },
  }),
];
