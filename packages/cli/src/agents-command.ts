import { type HoldfastApiError, isApiError } from "@holdfast/client";
import { abilitiesOf, type Agent, type AgentSession, type LiveAgent } from "@holdfast/protocol";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { exactLine, moment, oneLine } from "./output.ts";

/** Every agent that there is, and below them the ones that live now. */
export async function agents(context: Context): Promise<ExitCode> {
  const { client } = context.connect();
  const [answer, live] = await Promise.all([client.listAgents(), client.listLiveAgents()]);
  if (context.isJson) {
    context.output.json({ ...answer, live });
    return EXIT.completed;
  }
  context.output.table(
    answer.items.map((agent) => [
      agent.id,
      agent.backend,
      agent.available ? "available" : "missing",
      agent.version ?? "-",
      agent.limit === undefined
        ? oneLine(agent.reason ?? agent.name, 100)
        : `at its usage limit until ${moment(agent.limit.until)}, told by session ${agent.limit.sessionId}`,
    ]),
  );
  context.output.line("\nWhat each can do:");
  context.output.table(answer.items.map((agent) => [agent.id, abilityText(agent)]));
  const missing = answer.items.filter(({ install }) => install !== undefined);
  if (missing.length > 0) context.output.line("\nTo install:");
  context.output.table(missing.map(({ id, install }) => [id, exactLine(install ?? "")]));
  if (live.items.length === 0) return EXIT.completed;
  context.output.line(`\n${live.items.length} live, of at most ${live.limit}:`);
  context.output.table(live.items.map(liveRow));
  return EXIT.completed;
}

/** Closes one idle agent of a session, or all of them. That none lives is no error: repeating is harmless. */
export async function close(
  context: Context,
  sessionId: string,
  agent: string | undefined,
): Promise<ExitCode> {
  const { client } = context.connect();
  const { items: live } = await client.listLiveAgents();
  const known = agent === undefined ? (await client.listAgentSessions(sessionId)).items : [{ agent }];
  const items: AgentSession[] = [];
  let refusal: HoldfastApiError | undefined;
  for (const one of known) {
    try {
      items.push(await client.closeAgent(sessionId, one.agent));
    } catch (error) {
      // Those that are idle are closed all the same.
      if (!isApiError(error, "SESSION_BUSY")) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
  if (context.isJson) {
    context.output.json({ items });
    return EXIT.completed;
  }
  const closed = items.filter((item) =>
    live.some((one) => one.sessionId === item.sessionId && one.agent === item.agent),
  );
  if (closed.length === 0) context.output.note("None of them lives.");
  for (const { agent: name } of closed)
    context.output.note(`Closing ${name}; the next turn of the session resumes it.`);
  return EXIT.completed;
}

/** Logs the agent of a session in. Its methods are named by the error of the turn that needed one. */
export async function login(
  context: Context,
  sessionId: string,
  methodId: string,
  flags: { agent?: string },
): Promise<ExitCode> {
  const { client } = context.connect();
  const agent = flags.agent ?? (await client.getSession(sessionId)).agent;
  const done = await client.authenticateAgent(sessionId, agent, methodId);
  if (context.isJson) context.output.json({ agent, ...done });
  else context.output.note(`Logged in to ${agent}; send the message again.`);
  return EXIT.completed;
}

/** Where it is from is said: an agent that was never run may be another version than the record's. */
function abilityText(agent: Agent): string {
  const { can, source } = abilitiesOf(agent);
  const modes = `modes ${agent.approvalModes.join(", ")}`;
  if (source === "none") return `shows after its first turn; ${modes}`;
  const said = [...can, modes].join(", ");
  return source === "learnt" ? said : `${said} (as seen of version ${agent.recorded?.version ?? ""})`;
}

const MEGABYTE = 1_048_576;

function liveRow({ agent, sessionId, state, idleMs, pid, memoryBytes }: LiveAgent): string[] {
  return [
    agent,
    sessionId,
    idleMs === undefined ? state : `idle for ${Math.round(idleMs / 1_000)} s`,
    pid === undefined ? "-" : `pid ${pid}`,
    memoryBytes === undefined ? "-" : `${Math.round(memoryBytes / MEGABYTE)} MB`,
  ];
}
