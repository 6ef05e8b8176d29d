import type { ListedModel, Model } from "@holdfast/protocol";
import { classes } from "../design/index.ts";
import { findListed } from "./words.ts";

type VariantPickerProps = {
  models: readonly ListedModel[];
  chosen: Model | undefined;
  onChoose: (model: Model) => void;
  className?: string | undefined;
};

/** How the model works, where it lets one choose, such as how much it thinks; nothing where it does not. Choosing one chooses the model too. */
export function VariantPicker({ models, chosen, onChoose, className }: VariantPickerProps) {
  const model = chosen === undefined ? models.find(({ isDefault }) => isDefault) : findListed(models, chosen);
  if (model === undefined || model.variants.length === 0) return null;
  const { providerId, modelId, variants } = model;
  const current = chosen?.variant ?? "";
  const isGone = current !== "" && !variants.includes(current);
  return (
    <select
      aria-label="Variant of the model"
      title={isGone ? "The model has no such variant any more" : "Variant of the model"}
      value={current}
      onChange={({ target: { value } }) =>
        onChoose({ providerId, modelId, ...(value === "" ? {} : { variant: value }) })
      }
      className={classes("truncate", isGone && "text-attention", className)}
    >
      <option value="">Usual</option>
      {[...(isGone ? [current] : []), ...variants].map((variant) => (
        <option key={variant} value={variant}>
          {variant}
        </option>
      ))}
    </select>
  );
}
