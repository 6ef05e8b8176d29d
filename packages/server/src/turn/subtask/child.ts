/** The child session of a subtask and what it is asked, as commands of the store. Each may be repeated: its key is the subtask's own id. */
import { newId } from "@holdfast/kernel";
import {
  commandText,
  type McpServers,
  type PartOf,
  type Session,
  type SessionId,
  type TurnId,
} from "@holdfast/protocol";
import type {
  AdmitInputCommand,
  CreateSessionCommand,
  IdempotencyKey,
  StartedTurn,
} from "../../store/index.ts";
import { TURN_ACTOR } from "../actor.ts";

type SubtaskPart = PartOf<"subtask">;

/** Characters of a child's title. */
const TITLE_LENGTH = 100;

/** Below the parent's session, where that works and with what it may do. It goes on by itself never: its parent's turn would not hear of it. */
export function childSession(
  started: Pick<StartedTurn, "session" | "turn" | "mcpServers">,
  part: SubtaskPart,
  now: number,
): CreateSessionCommand {
  return {
    ...sessionBelow(started.session, part.description, now),
    actor: started.turn.actor,
    idempotency: keyOf(part, "session"),
    agent: part.agent,
    model: part.model,
    mcpServers: ownServers(started),
  };
}

/** A session below another one, which goes on by itself never. */
export const sessionBelow = (
  {
    id,
    directory,
    workspaceId,
    approvalMode,
  }: Pick<Session, "id" | "directory" | "workspaceId" | "approvalMode">,
  title: string,
  now: number,
) => ({
  sessionId: newId("ses", now),
  // Of a directory that is new, and this one is not.
  projectId: newId("prj", now),
  workspaceId: newId("wsp", now),
  directory,
  existingWorkspaceId: workspaceId,
  parentId: id,
  title: titleOf(title, now),
  approvalMode,
  resumePolicy: "never" as const,
});

/** What the parent's session adds to the servers of the project, or leaves out of them: the child has those by itself. */
function ownServers({ session, mcpServers }: Pick<StartedTurn, "session" | "mcpServers">): McpServers {
  const given = new Map(mcpServers.map(({ name, ...server }) => [name, server]));
  return Object.fromEntries(
    Object.entries(session.mcpServers ?? {}).flatMap(([name, { type }]) => {
      const server = type === "off" ? { type } : given.get(name);
      return server === undefined ? [] : [[name, server]];
    }),
  );
}

export function childInput(
  { turn, input }: Pick<StartedTurn, "turn" | "input">,
  part: SubtaskPart,
  child: { sessionId: SessionId; turnId: TurnId },
  now: number,
): AdmitInputCommand {
  const messageId = newId("msg", now);
  const words =
    part.command === undefined
      ? { type: "text" as const, text: part.prompt }
      : commandText(part.command, part.prompt);
  return {
    actor: turn.actor,
    idempotency: keyOf(part, "input"),
    ...child,
    inputId: newId("inp", now),
    messageId,
    parts: [{ ...words, id: newId("prt", now), sessionId: child.sessionId, messageId }],
    requestedDelivery: "queue",
    delivery: "queue",
    agent: part.agent,
    model: part.model,
    permissionTimeoutMs: input?.permissionTimeoutMs,
  };
}

const keyOf = ({ id }: SubtaskPart, key: "session" | "input"): IdempotencyKey => ({
  actorId: TURN_ACTOR.id,
  method: "SUBTASK",
  route: `/parts/${id}`,
  key,
  bodyHash: id,
});

function titleOf(said: string, now: number): string {
  const title = said.replaceAll(/\s+/g, " ").trim().slice(0, TITLE_LENGTH);
  return title === "" ? `Child session - ${new Date(now).toISOString()}` : title;
}
