import { type Clock, HoldfastError, within } from "@holdfast/kernel";
import { type AgentSession, commandNamed, type Part, unoffered } from "@holdfast/protocol";
import type { IdleSink } from "../../agents/index.ts";

type Commands = NonNullable<AgentSession["commands"]>;

/** How long an agent that was just opened may take to tell its commands, in ms: they tell them right behind the answer to the opening. */
const TOLD_MS = 5_000;

/** The commands of an agent, as it told them before or tells them while it is opened. */
export class OfferedCommands {
  readonly #told = Promise.withResolvers<Commands>();

  constructor(known: AgentSession["commands"]) {
    if (known !== undefined) this.#told.resolve(known);
  }

  /** The sink, overheard. */
  heardBy(sink: IdleSink): IdleSink {
    return {
      ...sink,
      emit: (event) => {
        if (event.type === "commands") this.#told.resolve(event.commands);
        sink.emit(event);
      },
    };
  }

  /** Rejects AGENT_UNAVAILABLE, naming the field, when a part asks for a command that the agent does not offer. */
  async require(clock: Clock, agent: string, parts: readonly Part[]): Promise<void> {
    const asked = parts.map(commandNamed).find((name) => name !== undefined);
    if (asked === undefined) return;
    const commands = (await within(clock, TOLD_MS, this.#told.promise)) ?? [];
    const names = commands.map(({ name }) => name);
    const refused = unoffered(agent, asked, names);
    if (refused !== undefined) throw new HoldfastError("AGENT_UNAVAILABLE", refused.message);
  }
}
