import { z } from "zod";
import { actorSchema, agentIdSchema, countSchema, timeSchema } from "./common.ts";
import { messageIdSchema, questionIdSchema, sessionIdSchema, turnIdSchema } from "./id.ts";

/** What a question may hold; more is refused where it comes in. Texts are in UTF-16 code units. */
export const QUESTION_LIMITS = {
  fields: 64,
  /** Of one field. */
  options: 256,
  nameLength: 256,
  textLength: 65_536,
  /** As URLs in practice; it is shown whole. */
  urlLength: 8_192,
} as const;

const words = z.string().max(QUESTION_LIMITS.textLength);

/** `value` is what the agent gets, `label` what a person reads. */
export const questionOptionSchema = z.object({
  value: words,
  label: words,
  description: words.optional(),
});
export type QuestionOption = z.infer<typeof questionOptionSchema>;

const field = {
  /** Names the value in the answer. */
  name: z.string().min(1).max(QUESTION_LIMITS.nameLength),
  title: words.optional(),
  description: words.optional(),
  required: z.boolean().optional(),
};
const options = z.array(questionOptionSchema).max(QUESTION_LIMITS.options);
const length = countSchema.optional();

/**
 * One thing to fill in. Bounds are inclusive; `custom` takes a text that is none of the options. `pattern` is the agent's regular expression: it is shown,
 * and the agent judges by it, because running it could hang whoever does.
 */
export const questionFieldSchema = z
  .discriminatedUnion("type", [
    z.object({
      ...field,
      type: z.literal("text"),
      minLength: length,
      maxLength: length,
      format: z.enum(["email", "uri", "date", "date-time"]).optional(),
      pattern: words.optional(),
      default: words.optional(),
    }),
    z.object({
      ...field,
      type: z.literal("number"),
      /** Whole numbers only. */
      integer: z.boolean().optional(),
      minimum: z.number().optional(),
      maximum: z.number().optional(),
      default: z.number().optional(),
    }),
    z.object({ ...field, type: z.literal("boolean"), default: z.boolean().optional() }),
    z.object({
      ...field,
      type: z.literal("one"),
      options,
      custom: z.boolean().optional(),
      default: words.optional(),
    }),
    z.object({
      ...field,
      type: z.literal("many"),
      options,
      custom: z.boolean().optional(),
      minItems: length,
      maxItems: length,
      default: z.array(words).max(QUESTION_LIMITS.options).optional(),
    }),
  ])
  .meta({ id: "QuestionField" });
export type QuestionField = z.infer<typeof questionFieldSchema>;

export const questionValueSchema = z.union([
  words,
  z.number(),
  z.boolean(),
  z.array(words).max(QUESTION_LIMITS.options + 1),
]);
export type QuestionValue = z.infer<typeof questionValueSchema>;
export type QuestionContent = Record<string, QuestionValue>;

/** `accept`: what was filled in, by the names of the fields. `decline`: a person says no. `cancel`: nobody decides. */
export const questionAnswerSchema = z
  .discriminatedUnion("action", [
    z.strictObject({
      action: z.literal("accept"),
      content: z.record(z.string().max(QUESTION_LIMITS.nameLength), questionValueSchema).optional(),
    }),
    z.strictObject({ action: z.literal("decline") }),
    z.strictObject({ action: z.literal("cancel") }),
  ])
  .meta({ id: "QuestionAnswer" });
export type QuestionAnswer = z.infer<typeof questionAnswerSchema>;

/** What an agent wants to know: a form, or with `url` a page for the person to visit, which nothing opens by itself. */
export const questionAskSchema = z.object({
  message: words,
  fields: z.array(questionFieldSchema).max(QUESTION_LIMITS.fields),
  url: z.string().min(1).max(QUESTION_LIMITS.urlLength).optional(),
});
export type QuestionAsk = z.infer<typeof questionAskSchema>;

/** A question of an agent to a person. A row with a deadline; the first answer wins. */
export const questionSchema = z
  .object({
    id: questionIdSchema,
    sessionId: sessionIdSchema,
    turnId: turnIdSchema,
    agent: agentIdSchema,
    ...questionAskSchema.shape,
    /** The tool call that asks, if one does. */
    call: z.object({ messageId: messageIdSchema, callId: z.string() }).optional(),
    state: z.enum(["pending", "replied", "expired"]),
    answer: questionAnswerSchema.optional(),
    /** Why it expired: nobody answered in time, its turn ended, or the agent does not ask any more. */
    expiry: z.enum(["deadline", "turnEnded", "withdrawn"]).optional(),
    actor: actorSchema.optional(),
    deadline: timeSchema.optional(),
    time: z.object({ asked: timeSchema, ended: timeSchema.optional() }),
  })
  .meta({ id: "Question" });
export type Question = z.infer<typeof questionSchema>;
