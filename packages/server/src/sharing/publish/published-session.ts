/** The session, its models and its usage as they are published: field by field, nothing by default (S-17). */
import type { Model, OperationPayload, Session, Tokens, Usage } from "@holdfast/protocol";
import { present } from "./present.ts";
import type { Tell } from "./telling.ts";

export const publishedSession = (session: Session, tell: Tell): OperationPayload<"session.updated"> => ({
  session: present({
    title: tell(session.title),
    agent: session.agent,
    model: publishedModel(session.model, tell),
    status: session.status,
    time: { created: session.time.created, updated: session.time.updated },
  }),
});

/** The service takes so many. */
const MOST_MODELS = 100;

export const publishedModels = (
  models: readonly Model[],
  tell: Tell,
): OperationPayload<"models.updated"> => ({
  models: models.slice(0, MOST_MODELS).map((model) => toldModel(model, tell)),
});

export const publishedUsage = ({
  tokens,
  cost,
  partial,
  context,
}: Usage): OperationPayload<"usage.updated"> => ({
  usage: present({
    tokens: publishedTokens(tokens),
    cost,
    partial,
    context: context && { used: context.used, size: context.size },
  }),
});

export const publishedModel = (model: Model | undefined, tell: Tell): Model | undefined =>
  model && toldModel(model, tell);

/** A name that is masked may be longer; the schema's limits hold for it all the same. */
const toldModel = ({ providerId, modelId, variant }: Model, tell: Tell): Model =>
  present({
    providerId: providerId && tell(providerId).slice(0, 128),
    modelId: tell(modelId).slice(0, 256),
    variant: variant && tell(variant).slice(0, 128),
  });

export function publishedTokens(tokens: Tokens | undefined): Tokens | undefined {
  if (tokens === undefined) return undefined;
  const { total, input, output, reasoning, cache } = tokens;
  return present({
    total,
    input,
    output,
    reasoning,
    cache: cache && { read: cache.read, write: cache.write },
  });
}
