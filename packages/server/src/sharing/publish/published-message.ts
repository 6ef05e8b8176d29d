/** A message as it is published: field by field, nothing by default (S-17). No system text, no settings of the request, no places, no metadata. */
import type {
  AssistantMessage,
  MessageInfo,
  OperationPayload,
  PublishedMessage,
  SessionError,
  UserMessage,
} from "@holdfast/protocol";
import { present } from "./present.ts";
import { publishedModel, publishedTokens } from "./published-session.ts";
import type { Tell } from "./telling.ts";
import { toldJson } from "./told-json.ts";

/** Undefined while it waits in the queue: it is no part of the history yet. */
export function publishedMessage(
  message: MessageInfo,
  tell: Tell,
): OperationPayload<"message.updated"> | undefined {
  if (message.ordinal === undefined) return undefined;
  const { id, ordinal, agent } = message;
  const base = { id, ordinal, agent, ...present({ model: publishedModel(message.model, tell) }) };
  const own = message.role === "user" ? ofUser(message, tell) : ofAssistant(message, tell);
  return { message: { ...base, ...own } as PublishedMessage };
}

const ofUser = ({ time, summary }: UserMessage, tell: Tell) => ({
  role: "user" as const,
  time: { created: time.created },
  ...present({ summary: summary && publishedSummary(summary, tell) }),
});

/** Of what a turn changed only the totals: the changes themselves are rows of their own, and may be withheld. */
const publishedSummary = ({ title, body, totals }: NonNullable<UserMessage["summary"]>, tell: Tell) =>
  present({
    title: title === undefined ? undefined : tell(title),
    body: body === undefined ? undefined : tell(body),
    totals: totals && { files: totals.files, additions: totals.additions, deletions: totals.deletions },
  });

const ofAssistant = (message: AssistantMessage, tell: Tell) => ({
  role: "assistant" as const,
  parentId: message.parentId,
  time: present({ created: message.time.created, completed: message.time.completed }),
  ...present({
    step: message.step,
    finish: message.finish === undefined ? undefined : tell(message.finish),
    cost: message.cost,
    tokens: publishedTokens(message.tokens),
    error: message.error && publishedError(message.error, tell),
    structured: message.structured === undefined ? undefined : toldJson(message.structured, tell),
  }),
});

/** Its name and its sentence; what a provider or a program said beside that stays here. */
export const publishedError = ({ name, data }: SessionError, tell: Tell) => ({
  name,
  message: "message" in data ? tell(data.message) : "",
});
