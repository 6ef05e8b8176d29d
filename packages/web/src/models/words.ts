/** What the page says of the models of native agents. Pure. */
import type { ListedModel, Model } from "@holdfast/protocol";

/** As many tokens as people say: `8K`, `200K`, `1.05M`. */
export function tokensWords(count: number): string {
  if (count < 1_000) return String(count);
  if (count < 999_500) return `${Math.round(count / 1_000)}K`;
  return `${Number((count / 1_000_000).toFixed(2))}M`;
}

/** US dollars per million tokens; nothing where the price is not known. */
export function priceWords({ price }: Pick<ListedModel, "price">): string | undefined {
  if (price === undefined) return undefined;
  return `$${price.input} in, $${price.output} out per million`;
}

/** What a few letters may find it by. */
export const searchText = ({ name, id }: ListedModel): string => `${name} ${id}`;

/** The listed model that is meant: with its provider, or by a name that holds it or is enough alone. Nothing where there is none such. */
export function findListed(
  models: readonly ListedModel[],
  { providerId, modelId }: Model,
): ListedModel | undefined {
  return models.find((model) =>
    providerId === undefined
      ? model.modelId === modelId || model.id === modelId
      : model.providerId === providerId && model.modelId === modelId,
  );
}

/** The model of the next turn, as a button names it: the chosen one with its variant, else what turns without one get. */
export function chosenName(models: readonly ListedModel[], chosen: Model | undefined): string {
  if (chosen !== undefined) {
    const name = findListed(models, chosen)?.name ?? chosen.modelId;
    return chosen.variant === undefined ? name : `${name}, ${chosen.variant}`;
  }
  return models.find(({ isDefault }) => isDefault)?.name ?? "Model";
}
