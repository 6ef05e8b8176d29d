/**
 * Admission (D-5): an input is resolved, checked and stored before anything runs. What runs later is what was admitted, whatever happens
 * to the session's defaults in between. Delivery `steer` becomes `queue` where the agent takes no input during a turn, and where more is asked than words and
 * files for it (D-6, A-28).
 */
import { HoldfastError, newId } from "@holdfast/kernel";
import {
  type AdmitInput,
  type Admitted,
  type Agent,
  type Input,
  type InputId,
  type InputPart,
  type MessageId,
  type Model,
  type Part,
  type PatchInput,
  resourceOf,
  type Session,
  type SessionId,
} from "@holdfast/protocol";
import type { AdmitInputCommand, Applied } from "../store/index.ts";
import { requireAgent } from "./agent-choice.ts";
import { requireSession } from "./change.ts";
import type { Caller, SessionDeps } from "./deps.ts";
import { admitFile, requireReference } from "./file-part.ts";
import { agentSessionOf, requireHonoured } from "./honoured.ts";
import { madeBefore } from "./made-before.ts";
import { withMentions } from "./mentions.ts";
import { refInput, requireAsking } from "./ref-input.ts";
import { withResources } from "./resource-parts.ts";
import { requireSubtasks } from "./subtask-parts.ts";

/** Admits an input and wakes the dispatcher. Rejects AGENT_UNAVAILABLE, PATH_ESCAPES, UNPROCESSABLE, TOO_LARGE, CONFLICT, RATE_LIMITED. */
export async function admitInput(
  deps: SessionDeps,
  sessionId: SessionId,
  request: AdmitInput,
  caller: Caller,
): Promise<Applied<Admitted>> {
  const applied = await admissionOf(deps, sessionId, request, caller).then(
    (command) => deps.store.admitInput(command),
    (refusal: unknown) => madeBefore(deps, caller, "admitted", refusal),
  );
  deps.turns.wake(sessionId);
  return applied;
}

async function admissionOf(
  deps: SessionDeps,
  sessionId: SessionId,
  asked: AdmitInput,
  caller: Caller,
): Promise<AdmitInputCommand> {
  const isRef = caller.actor.kind === "ref";
  const request = isRef ? refInput(asked) : asked;
  const session = await requireSession(deps, sessionId);
  const agent = await requireAgent(deps, request.agent ?? session.agent);
  if (isRef) requireAsking(agent, session.approvalMode);
  const model = request.model ?? defaultModel(session, agent.id);
  const { tools, format, parts } = request;
  await requireHonoured(deps, session, agent, { model, tools, parts, format });
  const inputParts = await resolveParts(deps, session, agent.id, request);
  const now = deps.clock.now();
  const messageId = newId("msg", now);
  return {
    ...caller,
    sessionId,
    inputId: newId("inp", now),
    turnId: newId("trn", now),
    messageId,
    parts: identify(inputParts, sessionId, messageId, now),
    requestedDelivery: request.delivery ?? "queue",
    delivery:
      request.delivery === "steer" && takesSteer(agent, { ...request, parts: inputParts })
        ? "steer"
        : "queue",
    agent: agent.id,
    model,
    format,
    system: request.system,
    tools,
    permissionTimeoutMs: request.permissionTimeoutMs,
  };
}

/** What goes into a running turn shares its format, tools and system text. */
function takesSteer(agent: Agent, { parts, format, system, tools }: AdmitInput): boolean {
  const isOwn = format !== undefined || system !== undefined || tools !== undefined;
  return (
    agent.features.steer === "yes" && !isOwn && parts.every(({ type }) => type === "text" || type === "file")
  );
}

/** The session's model belongs to its agent. */
function defaultModel(session: Session, agent: string): Model | undefined {
  return agent === session.agent ? session.model : undefined;
}

/** Replaces the parts of an input that is still queued. Rejects CONFLICT once it was delivered or removed, else as admission does. */
export async function editInput(
  deps: SessionDeps,
  inputId: InputId,
  words: PatchInput,
  caller: Caller,
): Promise<Applied<Input>> {
  const input = await requireInput(deps, inputId);
  const session = await requireSession(deps, input.sessionId);
  if (words.parts.some(({ type }) => type === "agent"))
    await requireHonoured(deps, session, await requireAgent(deps, input.agent), { parts: words.parts });
  const inputParts = await resolveParts(deps, session, input.agent, words);
  const rows = identify(inputParts, session.id, input.messageId, deps.clock.now());
  return deps.store.editInput({ ...caller, inputId, parts: rows });
}

/** Rejects NOT_FOUND. */
export async function requireInput(deps: Pick<SessionDeps, "store">, id: InputId): Promise<Input> {
  const input = await deps.store.getInput(id);
  if (input === undefined) throw new HoldfastError("NOT_FOUND", `No input has the id ${id}.`);
  return input;
}

/** Gives parts their identity as rows of a message. */
export function identify(
  parts: readonly InputPart[],
  sessionId: SessionId,
  messageId: MessageId,
  now: number,
): Part[] {
  return parts.map((part) => ({ ...part, id: newId("prt", now), sessionId, messageId }));
}

async function resolveParts(
  deps: SessionDeps,
  session: Session,
  agent: string,
  { parts, mentions }: PatchInput,
): Promise<InputPart[]> {
  const place = {
    sessionId: session.id,
    directory: session.directory,
    reserved: deps.reserved,
  };
  await requireSubtasks(deps, session, parts);
  const resolved: InputPart[] = [];
  const known = async () => ({
    subagents: (await agentSessionOf(deps, session.id, agent))?.subagents,
    symbols: deps.symbols,
  });
  for (const part of mentions === true ? await withMentions(parts, place, await known()) : parts) {
    if (part.type !== "file") resolved.push(part);
    else if (resourceOf(part.url) === undefined) resolved.push(await admitFile(part, place, deps.store));
    else {
      requireReference(part);
      resolved.push(part);
    }
  }
  return withResources(resolved, place, deps);
}
