import type { HoldfastClient } from "@holdfast/client";
import type { Message, SessionEvent, Turn } from "@holdfast/protocol";
import { readFrames } from "../harness/index.ts";
import type { Picture, SessionPicture } from "./oracle.ts";

/** Where a server is to be asked. */
export type Address = { url: string; token: string };

/** How often a session that changes while it is read is read again; then the last reading counts, marked as not still. */
const READINGS = 3;

/** Reads all that the oracle looks at. `survivors` and `startedAt` are the caller's knowledge. */
export async function takePicture(
  client: HoldfastClient,
  address: Address,
  sessionIds: readonly string[],
  facts: Pick<Picture, "startedAt" | "survivors">,
): Promise<Picture> {
  const sessions: Picture["sessions"] = new Map();
  for (const id of sessionIds) sessions.set(id, await readSession(client, address, id));
  const listed = await allSessions(client);
  return { ...facts, sessions, listed, diagnostics: await client.diagnostics() };
}

async function readSession(client: HoldfastClient, address: Address, id: string): Promise<SessionPicture> {
  for (let reading = 1; ; reading += 1) {
    const { lastSeq } = await client.getSession(id);
    const inputs = (await client.listInputs(id)).items;
    const turns = await allTurns(client, id);
    const messages = await allMessages(client, id);
    const permissions = (await client.listPermissions({ sessionId: id })).items;
    const todos = (await client.listTodos(id)).items;
    const usage = await readUsage(address, id);
    const replay = await readReplay(address, id);
    const session = await client.getSession(id);
    const isStill = session.lastSeq === lastSeq;
    if (!isStill && reading < READINGS) continue;
    return { session, messages, turns, inputs, permissions, todos, usage, replay, isStill };
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
