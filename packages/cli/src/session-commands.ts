import { writeFile } from "node:fs/promises";
import type { HoldfastClient, SessionQuery } from "@holdfast/client";
import {
  backgroundText,
  hasPausedQueue,
  limitAt,
  type PatchSession,
  type Session,
  type Turn,
} from "@holdfast/protocol";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { holdLine, holdOf } from "./hold-text.ts";
import { createSession, type NewSessionFlags } from "./new-session.ts";
import { ago, exactLine, moment, oneLine, span } from "./output.ts";
import { writeTranscript } from "./transcript.ts";
import { realDirectory } from "./work-place.ts";

/** Most rows that one request gives (D-29). */
const PAGE = 200;
/** Turns and messages that `show` tells of. */
const RECENT_TURNS = 5;
const RECENT_MESSAGES = 20;

export async function list(
  context: Context,
  flags: { limit: number; archived?: boolean; directory?: string; title?: string },
): Promise<ExitCode> {
  const { client } = context.connect();
  const { items, total } = await listUpTo(client, flags.limit, {
    archived: flags.archived === true,
    ...(flags.directory === undefined ? {} : await placeOf(client, flags.directory)),
    ...(flags.title === undefined ? {} : { title: flags.title }),
  });
  const { output } = context;
  if (context.isJson) output.json({ items, total });
  else if (items.length === 0)
    output.note(flags.archived === true ? "No archived sessions." : "No sessions.");
  else output.table(items.map((session) => rowOf(session, Date.now())));
  if (!context.isJson && items.length < total)
    output.note(`${items.length} of ${total}; \`-n ${total}\` lists all.`);
  return EXIT.completed;
}

/** A project's directory stands for the whole project, worktrees included; any other one for itself. */
async function placeOf(client: HoldfastClient, named: string): Promise<SessionQuery> {
  const directory = realDirectory(named);
  const project = (await client.listProjects()).items.find((each) => each.directory === directory);
  return project === undefined ? { directory } : { projectId: project.id };
}

async function listUpTo(
  client: HoldfastClient,
  limit: number,
  query: SessionQuery,
): Promise<{ items: Session[]; total: number }> {
  const items: Session[] = [];
  let before: string | undefined;
  let total = 0;
  while (items.length < limit) {
    const place = before === undefined ? {} : { before };
    const page = await client.listSessions({
      ...query,
      ...place,
      limit: Math.min(PAGE, limit - items.length),
    });
    items.push(...page.items);
    total = page.total;
    if (page.next === undefined || page.items.length === 0) break;
    before = page.next;
  }
  return { items, total };
}

function rowOf(session: Session, now: number): string[] {
  return [
    session.id,
    session.agent,
    stateOf(session, now),
    ago(session.time.updated, now),
    `${session.parentId === undefined ? "" : "↳ "}${oneLine(session.title, 60)}`,
  ];
}

/** An idle session with a queue waits for something: for somebody when it is paused. `show` tells for what. */
function stateOf(session: Session, now: number): string {
  const { status, attention, queue } = session;
  const words: string[] = [status];
  if (attention !== "none") words.push(attention);
  if (hasPausedQueue(session)) words.push("paused");
  else if (queue.length > 0 && status === "idle") words.push("queued");
  const limit = limitAt(session, now);
  if (limit !== undefined) words.push(`limited for ${span(limit.until - now)}`);
  return words.join(", ");
}

export async function show(context: Context, id: string): Promise<ExitCode> {
  const { client } = context.connect();
  const session = await client.getSession(id);
  const queue = await client.listInputs(id, { state: "queued" });
  const turns = await client.listTurns(id, { limit: RECENT_TURNS });
  const messages = await client.listMessages(id, { limit: RECENT_MESSAGES });
  const children = await client.listSessions({ parentId: id, limit: PAGE });
  const agents = await client.listAgentSessions(id);
  const { output } = context;
  if (context.isJson) {
    output.json({
      session,
      children: children.items,
      agents: agents.items,
      inputs: queue.items,
      turns: turns.items,
      messages: messages.items,
    });
    return EXIT.completed;
  }
  const model = session.model === undefined ? [] : [["model", session.model.modelId]];
  output.table([
    ["id", session.id],
    ["title", oneLine(session.title, 200)],
    ...(session.parentId === undefined ? [] : [["parent", session.parentId]]),
    ["directory", exactLine(session.directory)],
    ["agent", session.agent],
    ...model,
    ["status", session.status],
    ["attention", session.attention],
    ["approval", session.approvalMode],
    ["queue", `${session.queue.length}${session.queue.paused ? ", paused" : ""}`],
    ...holdsOf(session, turns.items).map((line) => ["", line]),
    ...limitRows(session, Date.now()),
    ...agents.items.flatMap(({ agent, background }) =>
      background === undefined
        ? []
        : [["background", oneLine(`${agent}, ${backgroundText(background)}`, 200)]],
    ),
    ["updated", ago(session.time.updated, Date.now())],
    ...turns.items.map((turn) => ["turn", turnText(turn)]),
    ...children.items.map((child) => [
      "child",
      `${child.id}  ${stateOf(child, Date.now())}  ${oneLine(child.title, 60)}`,
    ]),
  ]);
  writeTranscript(output, messages.items);
  return EXIT.completed;
}

/** Writes what came with a call, or was given with a message, to a file that is not there yet; `blob` as `session show` names it. */
export async function save(context: Context, id: string, blob: string, file: string): Promise<ExitCode> {
  const bytes = await context.connect().client.readBlob(id, blob.replace(/^blob:/, ""));
  await writeFile(file, bytes, { flag: "wx" });
  if (context.isJson) context.output.json({ file, bytes: bytes.byteLength });
  return EXIT.completed;
}

/** What is asked until the reset waits; what becomes of the turn that met the limit. */
function limitRows(session: Session, now: number): string[][] {
  const limit = limitAt(session, now);
  const { limitAttempts = 0 } = session;
  const goesOn = limitAttempts === 0 ? "waits for you" : `goes on by itself, ${limitAttempts} times at most`;
  return limit === undefined
    ? []
    : [
        [
          "usage limit",
          `${limit.agent}, until ${moment(limit.until, now)}, for ${span(limit.until - now)}; ${goesOn}`,
        ],
      ];
}

/** Each reason why a turn of the session waits, once. */
function holdsOf(session: Session, turns: readonly Turn[]): string[] {
  const holds = turns.flatMap((turn) => holdOf(turn, session) ?? []);
  return [...new Set(holds.map((hold) => holdLine(hold, session.id)))];
}

function turnText(turn: Turn): string {
  const reason = turn.reason === undefined ? "" : ` / ${turn.reason}`;
  return `${turn.id}  ${turn.state}${reason}`;
}

export async function create(context: Context, flags: NewSessionFlags): Promise<ExitCode> {
  const { client } = context.connect();
  tell(context, await createSession(context, client, flags));
  return EXIT.completed;
}

export async function patch(context: Context, id: string, body: PatchSession): Promise<ExitCode> {
  tell(context, await context.connect().client.patchSession(id, body));
  return EXIT.completed;
}

export async function remove(
  context: Context,
  id: string,
  flags: { discard?: boolean; keepShares?: boolean },
): Promise<ExitCode> {
  await context.connect().client.deleteSession(id, {
    discard: flags.discard === true,
    keepShares: flags.keepShares === true,
  });
  if (context.isJson) context.output.json({ deleted: id });
  return EXIT.completed;
}

/** People and scripts go on with the id. */
function tell(context: Context, session: Session): void {
  if (context.isJson) context.output.json(session);
  else context.output.line(session.id);
}
