/** Sets the approval mode and the model of an open session, as far as the agent's record and its own offers allow. */
import { RequestError } from "@agentclientprotocol/sdk";
import { HoldfastError } from "@holdfast/kernel";
import {
  type ApprovalMode,
  type Features,
  findModel,
  type Model,
  modelsOf,
  unhonoured,
} from "@holdfast/protocol";
import { holdMode, type Quirks } from "../catalog/index.ts";
import type { Connection } from "./connection.ts";
import { describeError } from "./request-error.ts";
import type { SessionFeed } from "./session-feed.ts";
import { isObject } from "./wire-message.ts";

type Session = { connection: Connection; feed: SessionFeed; sessionId: string; timeoutMs: number };

/** Rejects with AGENT_UNAVAILABLE when the agent cannot hold the mode or refuses it. Does nothing when it is in it already. */
export async function setApprovalMode(
  session: Session,
  agent: string,
  quirks: Quirks,
  mode: ApprovalMode,
): Promise<void> {
  const { state } = session.feed;
  const hold = holdMode(mode, quirks, state.offeredModes);
  if (hold.by === "unset") return;
  if (hold.by === "trying") {
    for (const modeId of hold.modeIds) if ((await setMode(session, modeId)) === undefined) return;
    if (mode === "all") return;
  }
  if (hold.by !== "mode") {
    throw new HoldfastError(
      "AGENT_UNAVAILABLE",
      `${agent} acts without asking: it has no mode for ${mode}. Use another agent, or the approval mode all.`,
    );
  }
  if (state.modes?.current === hold.modeId) return;
  const complaint = await setMode(session, hold.modeId);
  if (complaint === undefined) return;
  throw new HoldfastError(
    "AGENT_UNAVAILABLE",
    `${agent} is not in its mode ${hold.modeId}: ${complaint}. Use another approval mode.`,
  );
}

/** Puts the session into one of the agent's modes; answers its complaint when it did not go there. */
async function setMode(
  { connection, feed, sessionId, timeoutMs }: Session,
  modeId: string,
): Promise<string | undefined> {
  const { state } = feed;
  const before = state.modes?.current;
  const configId = state.hasModes ? undefined : state.modeOption;
  try {
    if (configId === undefined) {
      await connection.request("open", "session/set_mode", { sessionId, modeId }, timeoutMs);
    } else {
      const params = { sessionId, configId, value: modeId };
      await connection.request("open", "session/set_config_option", params, timeoutMs);
    }
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return describeError(error);
  }
  const after = state.modes?.current;
  if (after !== before && after !== modeId) return `it went to ${after} instead`;
  feed.say(state.modeChanged(modeId));
  return undefined;
}

/** Sets a model that the agent offers; answers what the agent calls it. Rejects with AGENT_UNAVAILABLE for any other, and when the agent refuses. */
export async function setModel(
  { connection, feed, sessionId, timeoutMs }: Session,
  agent: { id: string; features: Features },
  model: Model,
): Promise<Model> {
  const { state } = feed;
  const models = modelsOf(state.models) ?? [];
  const refused = unhonoured(agent.id, { model }, { features: agent.features, models, isOpen: true });
  const offered = findModel(models, model);
  if (refused !== undefined || offered === undefined)
    throw new HoldfastError("AGENT_UNAVAILABLE", refused?.message ?? "");
  if (offered.id === state.models?.current) return { modelId: offered.id };
  const configId = state.modelOption;
  try {
    const answer =
      configId === undefined
        ? await connection.request("open", "session/set_model", { sessionId, modelId: offered.id }, timeoutMs)
        : await connection.request(
            "open",
            "session/set_config_option",
            { sessionId, configId, value: offered.id },
            timeoutMs,
          );
    feed.say(state.modelChanged(offered.id));
    // What the agent says that it took goes before what it was asked for.
    if (isObject(answer)) feed.say(state.options(answer["configOptions"]));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    throw new HoldfastError(
      "AGENT_UNAVAILABLE",
      `model: ${agent.id} refused ${model.modelId}: ${describeError(error)}`,
    );
  }
  return { modelId: offered.id };
}
