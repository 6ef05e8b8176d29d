import { type AgentSession, MAX_LISTED, type Usage } from "@holdfast/protocol";
import type { OfferedModes } from "../catalog/index.ts";
import type { StateEvent } from "../port.ts";
import { isObject } from "./wire-message.ts";

type Modes = NonNullable<AgentSession["modes"]>;
type Models = NonNullable<AgentSession["models"]>;
type Choice = { id: string; name: string; description?: string };

/** A select among the config options, of which only mode and model concern us. */
type Select = { configId: string; current: string; available: Choice[] };

/** Entries of one list that are kept; more is a fault of the agent. */
const MAX_ENTRIES = MAX_LISTED;

/**
 * What the agent last said of its session: modes, models, commands, gauge. Each change is a whole `StateEvent`; what was said before is not
 * said again, because agents repeat long lists at every turn.
 */
export class SessionState {
  #modes: Modes | undefined;
  #models: Models | undefined;
  #modeOption: Select | undefined;
  #modelOption: Select | undefined;
  #hasModes = false;
  #mayHaveModes = true;
  #tasks = 0;
  #cost: number | undefined;
  #context: Usage["context"];
  readonly #said = new Map<string, string>();

  get modes(): Modes | undefined {
    return this.#modes;
  }

  get models(): Models | undefined {
    return this.#models;
  }

  /** The agent has modes of the protocol's own kind, beside or instead of a config option. */
  get hasModes(): boolean {
    return this.#hasModes;
  }

  /** Id of the config option that sets the mode, where the agent has no modes of their own. */
  get modeOption(): string | undefined {
    return this.#modeOption?.configId;
  }

  /** Id of the config option that sets the model. */
  get modelOption(): string | undefined {
    return this.#modelOption?.configId;
  }

  /** Cost of the session so far in US dollars; agents report it as a sum. */
  get cost(): number | undefined {
    return this.#cost;
  }

  get context(): Usage["context"] {
    return this.#context;
  }

  /** Ids of the modes that it has, as far as it said. */
  get offeredModes(): OfferedModes {
    if (this.#modes === undefined) return this.#mayHaveModes ? "untold" : "none";
    return this.#modes.available.length > 0 ? this.#modes.available.map(({ id }) => id) : "untold";
  }

  /** Takes the answer to new, load or resume; only a new session has to say all that there is. */
  opened(result: Record<string, unknown>, isNew: boolean): StateEvent[] {
    this.#hasModes ||= isObject(result["modes"]);
    this.#mayHaveModes = !isNew;
    return [
      ...this.#setModes(modesOf(result["modes"])),
      ...this.options(result["configOptions"]),
      ...this.#setLegacyModels(result["models"]),
    ];
  }

  /** Takes the whole set of config options, as the agent sends it each time. */
  options(value: unknown): StateEvent[] {
    const selects = (Array.isArray(value) ? value : []).filter(isObject);
    const modeOption = selectOf(selects, "mode");
    const modelOption = selectOf(selects, "model");
    this.#modeOption = modeOption ?? this.#modeOption;
    this.#modelOption = modelOption ?? this.#modelOption;
    return [
      ...(modeOption === undefined ? [] : this.#setModes(modeOption)),
      ...(modelOption === undefined ? [] : this.#setModels(modelOption)),
    ];
  }

  /** The agent is in this mode now. */
  modeChanged(current: string): StateEvent[] {
    return this.#setModes({ current, available: this.#modes?.available ?? [] });
  }

  modelChanged(current: string): StateEvent[] {
    return this.#setModels({ current, available: this.#models?.available ?? [] });
  }

  /** Whether background tasks of its own run. */
  get isArmed(): boolean {
    return this.#tasks > 0;
  }

  /** These background tasks run now. */
  background(tasks: string[]): StateEvent[] {
    this.#tasks = tasks.length;
    return this.#say({ type: "background", tasks });
  }

  /** Takes a state update; `undefined` when it is of another kind or says nothing. */
  update(kind: string, update: Record<string, unknown>): StateEvent[] | undefined {
    switch (kind) {
      case "available_commands_update":
        return this.#say({ type: "commands", commands: commandsOf(update["availableCommands"]) });
      case "current_mode_update":
        return typeof update["currentModeId"] === "string" ? this.modeChanged(update["currentModeId"]) : [];
      case "config_option_update":
        return this.options(update["configOptions"]);
      case "session_info_update": {
        const title = update["title"];
        return typeof title === "string" && title.trim() !== "" ? this.#say({ type: "info", title }) : [];
      }
      case "usage_update":
        return this.#gauge(update);
      default:
        return undefined;
    }
  }

  #gauge(update: Record<string, unknown>): StateEvent[] {
    const { used, size, cost } = update;
    if (isObject(cost) && cost["currency"] === "USD" && isAmount(cost["amount"])) this.#cost = cost["amount"];
    if (!isCount(used) || !isCount(size)) return [];
    this.#context = { used, size };
    return this.#say({ type: "usage", usage: { context: this.#context } });
  }

  #setModes(modes: Modes | undefined): StateEvent[] {
    if (modes === undefined) return [];
    this.#modes = { current: modes.current, available: modes.available };
    return this.#say({ type: "modes", modes: this.#modes });
  }

  #setModels(models: Models): StateEvent[] {
    this.#models = { current: models.current, available: models.available };
    return this.#say({ type: "models", models: this.#models });
  }

  /** `models` left the protocol, but qwen still sends it, and takes `session/set_model`. */
  #setLegacyModels(value: unknown): StateEvent[] {
    if (!isObject(value) || this.#modelOption !== undefined) return [];
    const available = choices(value["availableModels"], "modelId");
    const current = value["currentModelId"];
    return this.#setModels({ available, ...(typeof current === "string" ? { current } : {}) });
  }

  #say(event: StateEvent): StateEvent[] {
    const text = JSON.stringify(event);
    if (this.#said.get(event.type) === text) return [];
    this.#said.set(event.type, text);
    return [event];
  }
}

function modesOf(value: unknown): Modes | undefined {
  if (!isObject(value) || typeof value["currentModeId"] !== "string") return undefined;
  return { current: value["currentModeId"], available: choices(value["availableModes"], "id") };
}

function selectOf(options: readonly Record<string, unknown>[], category: string): Select | undefined {
  const option = options.find((each) => each["category"] === category && each["type"] === "select");
  const { id, currentValue } = option ?? {};
  if (option === undefined || typeof id !== "string" || typeof currentValue !== "string") return undefined;
  const entries = (Array.isArray(option["options"]) ? option["options"] : [])
    .filter(isObject)
    .flatMap((entry): unknown[] => (Array.isArray(entry["options"]) ? entry["options"] : [entry]));
  return { configId: id, current: currentValue, available: choices(entries, "value") };
}

function choices(value: unknown, idField: string): Choice[] {
  const entries = (Array.isArray(value) ? value : []).filter(isObject).slice(0, MAX_ENTRIES);
  return entries.flatMap((entry) => {
    const { [idField]: id, name, description } = entry;
    if (typeof id !== "string") return [];
    const choice: Choice = { id, name: typeof name === "string" ? name : id };
    if (typeof description === "string") choice.description = description;
    return [choice];
  });
}

function commandsOf(value: unknown): NonNullable<AgentSession["commands"]> {
  const entries = (Array.isArray(value) ? value : []).filter(isObject).slice(0, MAX_ENTRIES);
  return entries.flatMap(({ name, description, input }) => {
    if (typeof name !== "string") return [];
    const hint = isObject(input) ? input["hint"] : undefined;
    const command = { name, description: typeof description === "string" ? description : "" };
    return [typeof hint === "string" && hint !== "" ? { ...command, hint } : command];
  });
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
