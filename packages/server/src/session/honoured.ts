import { HoldfastError } from "@holdfast/kernel";
import {
  type Agent,
  type AdmitInput,
  type AgentSession,
  givenServers,
  HTTP_LIMITS,
  type InputPart,
  modelsOf,
  type Model,
  type OutputFormat,
  type Session,
  type SessionId,
  ungivable,
  unhonoured,
} from "@holdfast/protocol";
import type { SessionDeps } from "./deps.ts";

type Asked = {
  model?: Model | undefined;
  tools?: AdmitInput["tools"];
  parts: InputPart[];
  format?: OutputFormat | undefined;
};

/**
 * Nothing that an input asks for is stored and then ignored: what its agent cannot do, or what the session's agent is known not to offer, is refused
 * here; so is a session whose MCP servers it cannot be given. What nobody knows before the agent is open is looked at then. Rejects UNPROCESSABLE, naming the field.
 */
export async function requireHonoured(
  deps: Pick<SessionDeps, "store" | "schemas">,
  session: Pick<Session, "id" | "projectId" | "mcpServers">,
  agent: Agent,
  { model, tools, parts, format }: Asked,
): Promise<void> {
  const isListed = model !== undefined || parts.some(({ type }) => type === "agent");
  const known = isListed ? await agentSessionOf(deps, session.id, agent.id) : undefined;
  const { features } = agent;
  const facts = { features, models: modelsOf(known?.models), subagents: known?.subagents, isOpen: false };
  const refused = unhonoured(agent.id, { model, tools, parts }, facts);
  if (refused !== undefined) throw refusal(refused.field, refused.message);
  const project = await deps.store.getProject(session.projectId);
  const ungiven = ungivable(agent.id, givenServers(project?.mcpServers, session.mcpServers), facts);
  if (ungiven !== undefined) throw new HoldfastError("UNPROCESSABLE", ungiven);
  if (format?.type !== "json_schema") return;
  const bytes = Buffer.byteLength(JSON.stringify(format.schema));
  const problem =
    bytes > HTTP_LIMITS.schemaBytes
      ? `it has ${bytes} bytes as JSON, and may have ${HTTP_LIMITS.schemaBytes}`
      : await deps.schemas.problemOf(format.schema);
  if (problem !== undefined) throw refusal("format.schema", `format.schema cannot be used: ${problem}.`);
}

/** What is known of the agent in this session, once it was opened. */
export async function agentSessionOf(
  deps: Pick<SessionDeps, "store">,
  sessionId: SessionId,
  agent: string,
): Promise<AgentSession | undefined> {
  const { items } = await deps.store.listAgentSessions(sessionId);
  return items.find((each) => each.agent === agent);
}

/** Rejects what stands in this field of the body. */
export const refusal = (field: string, message: string): HoldfastError =>
  new HoldfastError("UNPROCESSABLE", message, { issues: [{ path: `body.${field}`, message }] });
