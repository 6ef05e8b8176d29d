import { createHash } from "node:crypto";
import type { HoldfastClient } from "@holdfast/client";
import type { Message, Part, SessionEvent, Turn } from "@holdfast/protocol";
import { readFrames } from "../harness/index.ts";
import { readCallLog } from "./call-log.ts";
import type { Picture, SessionPicture } from "./oracle.ts";

/** What the caller knows and the server cannot tell. */
export type Facts = Pick<Picture, "startedAt" | "survivors" | "prompts"> & {
  /** The torture's directory, where its commands write what they did. */
  callsIn?: string;
};

/** Where a server is to be asked. */
export type Address = { url: string; token: string };

/** How often a session that changes while it is read is read again; then the last reading counts, marked as not still. */
const READINGS = 3;

/** Reads all that the oracle looks at. */
export async function takePicture(
  client: HoldfastClient,
  address: Address,
  sessionIds: readonly string[],
  { callsIn, ...facts }: Facts,
): Promise<Picture> {
  const sessions: Picture["sessions"] = new Map();
  for (const id of sessionIds) sessions.set(id, await readSession(client, address, id));
  const listed = await allSessions(client);
  const diagnostics = await client.diagnostics();
  // Behind the rows: what they tell to be done is in it.
  const outside = callsIn === undefined ? {} : { calls: readCallLog(callsIn) };
  return { ...facts, ...outside, sessions, listed, diagnostics };
}

async function readSession(client: HoldfastClient, address: Address, id: string): Promise<SessionPicture> {
  for (let reading = 1; ; reading += 1) {
    const { lastSeq } = await client.getSession(id);
    const inputs = (await client.listInputs(id)).items;
    const turns = await allTurns(client, id);
    const messages = await allMessages(client, id);
    const permissions = (await client.listPermissions({ sessionId: id })).items;
    const questions = (await client.listQuestions({ sessionId: id })).items;
    const todos = (await client.listTodos(id)).items;
    const usage = await readUsage(address, id);
    const replay = await readReplay(address, id);
    const session = await client.getSession(id);
    const isStill = session.lastSeq === lastSeq;
    if (!isStill && reading < READINGS) continue;
    const brokenBlobs = await readBlobs(address, id, messages);
    const rows = { session, messages, turns, inputs, permissions, questions, todos };
    return { ...rows, usage, brokenBlobs, replay, isStill };
  }
}

async function allSessions(client: HoldfastClient): Promise<Set<string>> {
  const ids = new Set<string>();
  let before: string | undefined;
  do {
    const page = await client.listSessions({ limit: 200, ...(before === undefined ? {} : { before }) });
    for (const { id } of page.items) ids.add(id);
    before = page.next;
  } while (before !== undefined);
  return ids;
}

export async function allTurns(client: HoldfastClient, id: string): Promise<Turn[]> {
  const turns: Turn[] = [];
  let before: string | undefined;
  do {
    const page = await client.listTurns(id, { limit: 200, ...(before === undefined ? {} : { before }) });
    turns.push(...page.items);
    before = page.next;
  } while (before !== undefined);
  return turns;
}

async function allMessages(client: HoldfastClient, id: string): Promise<Message[]> {
  const pages: Message[][] = [];
  let before: string | undefined;
  do {
    const page = await client.listMessages(id, { limit: 200, ...(before === undefined ? {} : { before }) });
    pages.unshift(page.items);
    before = page.next;
  } while (before !== undefined);
  return pages.flat();
}

/** The content that a part refers to, by its hash (D-28). */
function hashOf(part: Part): string | undefined {
  if (part.type === "file") return /^blob:([0-9a-f]{64})$/.exec(part.url)?.[1];
  return part.type === "tool" && "truncated" in part.state ? part.state.truncated?.hash : undefined;
}

async function readBlobs(
  { url, token }: Address,
  id: string,
  messages: readonly Message[],
): Promise<string[]> {
  const headers = { authorization: `Bearer ${token}` };
  const broken: string[] = [];
  for (const part of messages.flatMap((message) => message.parts)) {
    const hash = hashOf(part);
    if (hash === undefined) continue;
    const response = await fetch(new URL(`/api/sessions/${id}/blobs/${hash}`, url), { headers });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 200)
      broken.push(`blob ${hash} of ${part.id} is answered with ${response.status}`);
    else if (createHash("sha256").update(bytes).digest("hex") !== hash)
      broken.push(`blob ${hash} of ${part.id} has other content`);
  }
  return broken;
}

async function readUsage({ url, token }: Address, id: string): Promise<SessionPicture["usage"]> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(new URL(`/api/sessions/${id}/usage`, url), { headers });
  return (await response.json()) as SessionPicture["usage"];
}

/** The log of a session from its beginning. */
async function readReplay({ url, token }: Address, id: string): Promise<SessionEvent[]> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(new URL(`/api/sessions/${id}/events?after=0`, url), { headers });
  const { frames } = await readFrames(response, (frame) => frame.event === "caught-up");
  return frames
    .filter((frame) => frame.id !== undefined)
    .map((frame) => frame.data as unknown as SessionEvent);
}
