/** Which model is meant, and the way to it. */
import type { Model } from "@holdfast/protocol";
import type { ChosenModel } from "../loop/index.ts";
import { languageModel } from "../model/index.ts";
import type { ProviderAccess } from "../wire.ts";

/**
 * A model of a provider that is named may be one that nobody knows: whoever serves it decides. Without a provider it is the first one that knows the model, else
 * the first one. Undefined without any provider, or with one that is not configured.
 */
export function chooseModel(
  providers: readonly ProviderAccess[],
  wanted: Model | undefined,
  cacheKey: string,
): ChosenModel | undefined {
  const found = wanted === undefined ? firstOf(providers) : accessOf(providers, wanted);
  if (found === undefined) return undefined;
  const { access, model } = found;
  return { access, model, reached: languageModel(access, model, { cacheKey }) };
}

function accessOf(providers: readonly ProviderAccess[], wanted: Model) {
  const { providerId, modelId } = wanted;
  const access =
    providerId === undefined
      ? (providers.find(({ models }) => modelId in models) ?? providers[0])
      : providers.find(({ id }) => id === providerId);
  return access && { access, model: { ...wanted, providerId: access.id } };
}

function firstOf(providers: readonly ProviderAccess[]) {
  for (const access of providers) {
    const [modelId] = Object.keys(access.models);
    if (modelId !== undefined) return { access, model: { providerId: access.id, modelId } };
  }
  return undefined;
}
