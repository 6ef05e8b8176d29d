/**
 * Which models the native agent can use, and with which keys: providers that are known need a key, others stand in the configuration.
 *
 * Keys are read anew each time: one that is added is used by the next opening, one that is changed makes a live program outdated.
 */
import { createHmac } from "node:crypto";
import { randomHex } from "@holdfast/kernel";
import { MODEL_TABLE, type ModelFacts, type ProviderAccess } from "@holdfast/native";
import type { ListedModel, Model, ModelList, ProviderConfig } from "@holdfast/protocol";
import type { Environment } from "../../process/index.ts";
import { readKeysFile } from "./keys-file.ts";

type Kind = ProviderAccess["kind"];

/** Providers that need no word in the configuration. */
const KNOWN: Readonly<
  Record<string, { kind: Exclude<Kind, "openai-compatible">; variables: readonly string[] }>
> = {
  anthropic: { kind: "anthropic", variables: ["ANTHROPIC_API_KEY"] },
  openai: { kind: "openai", variables: ["OPENAI_API_KEY"] },
  google: { kind: "google", variables: ["GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"] },
};

/** What the provider of `HOLDFAST_MODEL_URL` is called. */
export const ENDPOINT = "endpoint";

export type ProvidersDeps = {
  providers: Readonly<Record<string, ProviderConfig>>;
  /** An endpoint that speaks as OpenAI's does, and its model. */
  endpoint?: { url: string; model: string } | undefined;
  /** `provider/model` of turns that name none. */
  model?: string | undefined;
  environment: Environment;
  keysFile: string;
};

/** The providers that can be used now. `problem`: why there are none, or not all. */
export type Access = { providers: ProviderAccess[]; problem: string | undefined };

export type Providers = {
  access(): Promise<Access>;
  /** Why no model can be used; nothing while one can. */
  problem(): Promise<string | undefined>;
  /** Every model that can be asked for. */
  list(): Promise<ModelList>;
  /** Variables that hold keys: no program of an agent of ours gets them. */
  readonly variables: readonly string[];
  /** Stands for what `access` says, keys included, and tells nothing of it; another one after each start. */
  fingerprint(access: Access): string;
};

export function createProviders(deps: ProvidersDeps): Providers {
  const salt = randomHex(32);
  const entries = entriesOf(deps);
  const look = async (): Promise<Access & { keys: ModelList["keys"] }> => {
    const file = await readKeysFile(deps.keysFile);
    const { keys } = file;
    const problem = file.problem ?? unaddressed(entries);
    const known = entries.map((entry) => ({ entry, key: keyOf(entry, deps.environment) ?? keys[entry.id] }));
    const providers = known.flatMap(({ entry, key }) => {
      const isUsable =
        (key !== undefined || entry.takesNoKey) && isAddressed(entry) && Object.keys(entry.models).length > 0;
      return isUsable ? [accessOf(entry, key)] : [];
    });
    const missing = known.flatMap(({ entry: { id, takesNoKey, variables }, key }) =>
      key !== undefined || takesNoKey
        ? []
        : variables.slice(0, 1).map((variable) => ({ providerId: id, variable })),
    );
    return {
      providers,
      problem: problem ?? (providers.length > 0 ? undefined : none(deps)),
      keys: {
        file: deps.keysFile,
        ...(file.problem === undefined ? {} : { problem: file.problem }),
        missing,
      },
    };
  };
  const access = async (): Promise<Access> => {
    const { providers, problem } = await look();
    return { providers, problem };
  };
  return {
    access,
    async problem() {
      const { providers, problem } = await access();
      return providers.length > 0 ? undefined : problem;
    },
    async list() {
      const { providers, problem, keys } = await look();
      const usual = defaultModel(providers, deps);
      const items = listOf(providers).map((model) => ({ ...model, isDefault: model.id === usual }));
      return { items, ...(problem === undefined ? {} : { problem }), keys };
    },
    variables: [...new Set(entries.flatMap(({ variables }) => variables))],
    fingerprint: (given) => createHmac("sha256", salt).update(JSON.stringify(given)).digest("hex"),
  };
}

type Entry = {
  id: string;
  kind: Kind;
  baseUrl: string | undefined;
  headers: Readonly<Record<string, string>> | undefined;
  models: Record<string, ModelFacts>;
  variables: readonly string[];
  takesNoKey: boolean;
};

function entriesOf({ providers, endpoint }: ProvidersDeps): Entry[] {
  const ids = [...new Set([...Object.keys(KNOWN), ...Object.keys(providers)])];
  const own: Entry[] = ids.map((id) => entryOf(id, providers[id] ?? {}));
  if (endpoint === undefined) return own;
  const { url, model } = endpoint;
  const named = entryOf(ENDPOINT, { ...providers[ENDPOINT], baseUrl: url });
  const models = { ...named.models, [model]: named.models[model] ?? {} };
  return [{ ...named, models }, ...own.filter(({ id }) => id !== ENDPOINT)];
}

function entryOf(id: string, { kind, baseUrl, headers, models, keyVariable }: ProviderConfig): Entry {
  const known = KNOWN[id];
  const spoken = kind ?? known?.kind ?? "openai-compatible";
  const shipped: Readonly<Record<string, ModelFacts>> =
    spoken === "openai-compatible" ? {} : MODEL_TABLE[spoken];
  const usual = known?.variables ?? [`${id.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_API_KEY`];
  return {
    id,
    kind: spoken,
    baseUrl,
    headers,
    models: laidOver(shipped, models ?? {}),
    variables: keyVariable === undefined ? usual : [keyVariable],
    takesNoKey: baseUrl !== undefined,
  };
}

/** Where it is nobody knows but who set it up, save the three that have an address of their own. */
const isAddressed = ({ kind, baseUrl }: Entry): boolean =>
  kind !== "openai-compatible" || baseUrl !== undefined;

/** What is said of the first that has no address; the endpoint of the variables may be described where it is not used. */
function unaddressed(entries: readonly Entry[]): string | undefined {
  const found = entries.find((entry) => entry.id !== ENDPOINT && !isAddressed(entry));
  return found && `providers.${found.id} of the configuration has no baseUrl, and speaks as OpenAI's does.`;
}

/** What the configuration says of a model wins, field by field. Its order goes before. */
function laidOver(
  shipped: Readonly<Record<string, ModelFacts>>,
  own: NonNullable<ProviderConfig["models"]>,
): Record<string, ModelFacts> {
  const laid = Object.entries(own).map(([id, facts]) => [id, { ...shipped[id], ...facts } as ModelFacts]);
  return { ...(Object.fromEntries(laid) as Record<string, ModelFacts>), ...without(shipped, own) };
}

const without = (all: Readonly<Record<string, ModelFacts>>, own: object): Record<string, ModelFacts> =>
  Object.fromEntries(Object.entries(all).filter(([id]) => !Object.hasOwn(own, id)));

function keyOf({ variables }: Entry, environment: Environment): string | undefined {
  return variables.map((name) => environment[name]).find((key) => key !== undefined && key !== "");
}

function accessOf({ id, kind, baseUrl, headers, models }: Entry, key: string | undefined): ProviderAccess {
  const access: ProviderAccess = { id, kind, models };
  if (baseUrl !== undefined) access.baseUrl = baseUrl;
  if (key !== undefined) access.key = key;
  if (headers !== undefined) access.headers = { ...headers };
  return access;
}

const none = ({ keysFile }: ProvidersDeps): string =>
  `No provider of models is set up. Set ${Object.values(KNOWN)
    .map(({ variables }) => variables[0])
    .join(
      ", ",
    )}, or put a key into ${keysFile}, or name an endpoint by HOLDFAST_MODEL_URL and HOLDFAST_MODEL.`;

/** Values that may stand in nothing that is kept. */
export const secretsOfProviders = (providers: readonly ProviderAccess[]): string[] =>
  providers
    .flatMap(({ key, headers }) => [...(key === undefined ? [] : [key]), ...Object.values(headers ?? {})])
    .toSorted((one, other) => other.length - one.length);

function listOf(providers: readonly ProviderAccess[]): Omit<ListedModel, "isDefault">[] {
  return providers.flatMap(({ id: providerId, models }) =>
    Object.entries(models).map(([modelId, { name, context, output, price, variants }]) => ({
      id: `${providerId}/${modelId}`,
      providerId,
      modelId,
      name: name ?? modelId,
      ...(context === undefined ? {} : { context }),
      ...(output === undefined ? {} : { output }),
      ...(price === undefined ? {} : { price: ratesOf(price) }),
      variants: Object.keys(variants ?? {}),
    })),
  );
}

/** What holds below every tier. */
function ratesOf({ input, output, cacheRead, cacheWrite }: NonNullable<ModelFacts["price"]>) {
  return {
    input,
    output,
    ...(cacheRead === undefined ? {} : { cacheRead }),
    ...(cacheWrite === undefined ? {} : { cacheWrite }),
  };
}

/** What the agent may be asked for, as its models are shown. */
export const offeredModels = (providers: readonly ProviderAccess[]) =>
  listOf(providers).map(({ id, name }) => ({ id, name }));

/** The setting, else the endpoint's, else the first one that there is. */
export function defaultModel(
  providers: readonly ProviderAccess[],
  { model, endpoint }: Pick<ProvidersDeps, "model" | "endpoint">,
): string | undefined {
  if (model !== undefined) return model;
  if (endpoint !== undefined) return `${ENDPOINT}/${endpoint.model}`;
  return listOf(providers)[0]?.id;
}

/**
 * The model that is meant, with its provider; a sentence where there is none such. Without a provider it may stand in front of the name, or the name alone
 * says which.
 */
export function findOffered(providers: readonly ProviderAccess[], asked: Model): Model | string {
  const found = providers
    .flatMap(({ id, models }) => Object.entries(models).map(([modelId, facts]) => ({ id, modelId, facts })))
    .find(({ id, modelId }) =>
      asked.providerId === undefined
        ? [modelId, `${id}/${modelId}`].includes(asked.modelId)
        : id === asked.providerId && modelId === asked.modelId,
    );
  const name = asked.providerId === undefined ? asked.modelId : `${asked.providerId}/${asked.modelId}`;
  if (found === undefined)
    return `model: there is no ${name}. GET /api/models, or holdfast models, lists what there is.`;
  const { id: providerId, modelId, facts } = found;
  const { variant } = asked;
  if (variant === undefined) return { providerId, modelId };
  if (Object.hasOwn(facts.variants ?? {}, variant)) return { providerId, modelId, variant };
  const variants = Object.keys(facts.variants ?? {});
  return `model.variant: ${name} has no variant ${variant}. It has ${variants.length === 0 ? "none" : variants.join(", ")}.`;
}
