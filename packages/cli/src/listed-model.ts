import type { HoldfastClient } from "@holdfast/client";
import { CliError, EXIT } from "./exit-code.ts";
import { exactLine } from "./output.ts";

/** So many models are named where the one that was asked for is not there. */
const NAMED = 8;

/**
 * Throws CliError (2) for a model that no native agent can be asked for, and says which there are. What other agents have shows only in their first turn; where
 * there are no models at all, the server says why.
 */
export async function requireListedModel(
  client: Pick<HoldfastClient, "listModels">,
  { agent, model }: { agent: string | undefined; model: string | undefined },
): Promise<void> {
  if (model === undefined || agent?.startsWith("native:") !== true) return;
  const { items } = await client.listModels();
  if (items.length === 0 || items.some(({ id, modelId }) => id === model || modelId === model)) return;
  const names = items.slice(0, NAMED).map(({ id }) => exactLine(id));
  const more = items.length > NAMED ? `, and ${items.length - NAMED} more` : "";
  throw new CliError(
    EXIT.usage,
    `${agent} has no model ${JSON.stringify(model)}. \`holdfast models\` lists what it has: ${names.join(", ")}${more}.`,
  );
}
