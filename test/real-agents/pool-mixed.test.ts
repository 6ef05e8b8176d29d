/**
 * More sessions than the pool has places, on five programs at once: what happens when the least recently used one is another program each time.
 *
 * Two counts are kept at the cap while it happens. Handles: what `GET /api/agents/live` lists and is not closing. Programs: what lives in /proc below
 * the server, whatever the server says of it. An ACP handle is one launch, with as many processes as its program likes (qwen starts itself again), so
 * launch ids are counted and not processes. All handles of opencode share one server, which outlives them: that one is a launch without a place, there
 * may be at most one of it, and its handles count by the list, where they stand before and after the look at /proc.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentConfig, LiveAgent, Message, SessionEvent, Turn } from "@holdfast/protocol";
import { expect, test } from "vitest";
import {
  type HoldfastProcess,
  processesWith,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { type AgentId, matrixAgent } from "../matrix/index.ts";
import { startModel } from "../model/index.ts";

/** at most 10 are live at once. */
const CAP = 10;
/** Two cores start seven programs meanwhile. */
const TURN_MS = 240_000;
const LOOK_MS = 20;

/** Who takes part, with the word that only this session is told. None is a part of another. */
const PARTS: readonly (readonly [agent: AgentId, word: string])[] = [
  ["goose", "heron"],
  ["goose", "walrus"],
  ["qwen", "otter"],
  ["qwen", "gannet"],
  ["opencode", "puffin"],
  ["opencode", "narwhal"],
  ["opencode-acp", "lobster"],
  ["rehearsal", "fig"],
  ["rehearsal", "pear"],
  ["rehearsal", "quince"],
  ["rehearsal", "medlar"],
  ["rehearsal", "damson"],
];
const AGENTS = [...new Set(PARTS.map(([agent]) => agent))];
const WORDS = PARTS.map(([, word]) => word);

type Member = { id: string; agent: AgentId; word: string };
type Played = { member: Member; turn: Turn };

const textOf = (messages: readonly Message[]): string =>
  messages
    .flatMap(({ parts }) => parts)
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
    .join("\n");

const wordsIn = (text: string): string[] => WORDS.filter((word) => text.includes(word));

let turnNumber = 0;
/** The scripted model reads what stands behind the number as its turn; the rehearsal agent would repeat the number. */
async function admit(server: HoldfastProcess, { id, agent }: Member, ...lines: string[]): Promise<string> {
  const script = matrixAgent(agent).isScripted ? [`#turn ${(turnNumber += 1)}`, ...lines] : lines;
  const parts = [{ type: "text" as const, text: script.join("\n") }];
  return (await server.client.admitInput(id, { parts })).turn.id;
}

const ended = (server: HoldfastProcess, id: string): Promise<Turn> =>
  until(
    `the end of turn ${id}`,
    async () => {
      const turn = await server.client.getTurn(id);
      return turn.time.ended === undefined ? undefined : turn;
    },
    TURN_MS,
  );

/** Gives everybody a turn, in this order and without waiting for the one before; answers the turns when all have ended. */
async function round(
  server: HoldfastProcess,
  members: readonly Member[],
  script: (member: Member) => string[],
): Promise<Played[]> {
  const admitted: { member: Member; id: string }[] = [];
  for (const member of members) admitted.push({ member, id: await admit(server, member, ...script(member)) });
  return Promise.all(admitted.map(async ({ member, id }) => ({ member, turn: await ended(server, id) })));
}

/** The launches that live now, by the agent that they are of; not a program that is asked for its version. */
function launches(root: string): Map<string, AgentId> {
  const found = new Map<string, AgentId>();
  for (const pid of processesWith(root)) {
    let environment: string;
    try {
      environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    } catch {
      continue;
    }
    const id = /(?:^|\0)HOLDFAST_LAUNCH_ID=([^\0]*)/.exec(environment)?.[1];
    if (id === undefined || id === "version") continue;
    // Each has a home of its own, the rehearsal agent the server's.
    const home = /(?:^|\0)HOME=([^\0]*)/.exec(environment)?.[1];
    found.set(id, AGENTS.find((agent) => home === join(root, `${agent}-home`)) ?? "rehearsal");
  }
  return found;
}

/** The most that was ever seen at once, and every launch that was seen. */
type Seen = { handles: number; programs: number; servers: number; launched: Set<string>; looks: number };

/** An open handle of opencode's server: no program of its own stands for it. */
const isOpenWithoutProgram = ({ agent, state }: LiveAgent): boolean =>
  agent === "opencode" && state !== "closing" && state !== "opening";

async function look(server: HoldfastProcess, seen: Seen): Promise<void> {
  const before = (await server.client.listLiveAgents()).items.filter(isOpenWithoutProgram);
  const living = launches(server.root);
  const { items, limit } = await server.client.listLiveAgents();
  expect(limit).toBe(CAP);
  const shared = items.filter(
    (each) => isOpenWithoutProgram(each) && before.some(({ sessionId }) => sessionId === each.sessionId),
  );
  const servers = [...living.values()].filter((agent) => agent === "opencode").length;
  seen.handles = Math.max(seen.handles, items.filter(({ state }) => state !== "closing").length);
  seen.programs = Math.max(seen.programs, living.size - servers + shared.length);
  seen.servers = Math.max(seen.servers, servers);
  for (const id of living.keys()) seen.launched.add(id);
  seen.looks += 1;
}

/** Ids of the turns that had to wait for a place, as the feed tells it until `signal`. */
async function waitedForAPlace(server: HoldfastProcess, signal: AbortSignal): Promise<Set<string>> {
  const waited = new Set<string>();
  try {
    for await (const item of server.client.streamFeed({ signal })) {
      const event = "event" in item ? (item.event as unknown as SessionEvent) : undefined;
      if (event?.type === "turn.updated" && event.data.turn.waitingFor?.kind === "pool")
        waited.add(event.data.turn.id);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return waited;
}

/** Plays while the counts are kept; `seen` grows meanwhile. */
async function watched<T>(
  server: HoldfastProcess,
  play: (seen: Seen) => Promise<T>,
): Promise<{ played: T; seen: Seen; waited: Set<string> }> {
  const seen: Seen = { handles: 0, programs: 0, servers: 0, launched: new Set(), looks: 0 };
  const over = new AbortController();
  const looking = (async () => {
    while (!over.signal.aborted) {
      await look(server, seen);
      await sleep(LOOK_MS);
    }
  })();
  const waiting = waitedForAPlace(server, over.signal);
  const playing = play(seen).finally(() => over.abort());
  const [played, waited] = await Promise.all([playing, waiting, looking]);
  return { played, seen, waited };
}

/** What a session says and holds after its second turn. */
async function memoryOf(server: HoldfastProcess, { member, turn }: Played) {
  const messages = (await server.client.listMessages(member.id, { limit: 20 })).items;
  const answer = messages.filter(({ info }) => turn.assistantMessageIds.includes(info.id));
  return {
    agent: member.agent,
    state: turn.state,
    opened: turn.opened,
    said: wordsIn(textOf(answer)),
    held: wordsIn(textOf(messages)),
    // A replay that was not dropped would be here a second time.
    messages: messages.map(({ info }) => info.role).toSorted(),
  };
}

const remembersItsOwn = ({ agent, word }: Member): Awaited<ReturnType<typeof memoryOf>> => ({
  agent,
  state: "completed",
  opened: "resumed",
  said: [word],
  held: [word],
  messages: ["assistant", "assistant", "user", "user"],
});

/** A server that knows the programs, and the sessions of `PARTS`, each in a directory of its own: none waits for another one's files. */
async function open(root: string, modelUrl: string): Promise<{ server: HoldfastProcess; members: Member[] }> {
  const agents: Record<string, AgentConfig> = {};
  for (const id of AGENTS) {
    const set = await matrixAgent(id).prepare({ modelUrl, home: join(root, `${id}-home`) });
    if (set !== undefined) agents[id] = set;
  }
  const server = await startHoldfast({ root, config: { agents } });
  const members: Member[] = [];
  for (const [agent, word] of PARTS) {
    const { id } = await server.client.createSession({ directory: await server.place(word), agent });
    members.push({ id, agent, word });
  }
  return { server, members };
}

const backendIds = (server: HoldfastProcess, members: readonly Member[]) =>
  Promise.all(
    members.map(async ({ id }) => (await server.client.listAgentSessions(id)).items[0]?.backendSessionId),
  );

/** Everybody is told a word, and everybody is asked for it in the order in which the first turns ended. */
async function tellAndAsk(
  server: HoldfastProcess,
  members: readonly Member[],
  seen: Seen,
): Promise<Played[]> {
  const told = await round(server, members, ({ agent, word }) =>
    // The quickest must still work when the last two come.
    agent === "rehearsal" ? [`REMEMBER ${word}`, "SLOW 40 50"] : [`REMEMBER ${word}`],
  );
  expect(told.map(({ turn }) => [turn.state, turn.opened])).toEqual(members.map(() => ["completed", "new"]));
  const ids = await backendIds(server, members);
  expect(new Set(ids).size).toBe(members.length);
  const { looks } = seen;
  await until("a look at those that rest", () => seen.looks >= looks + 2);

  // Least recently used first: whoever comes takes the place of the one that would be next but one, so that none is found alive.
  const order = told
    .toSorted((one, other) => (one.turn.time.ended ?? 0) - (other.turn.time.ended ?? 0))
    .map(({ member }) => member);
  const asked = await round(server, order, () => ["RECALL"]);
  expect(await backendIds(server, members)).toEqual(ids);
  return asked;
}

test("[A-8, A-5] twelve sessions of five programs share ten places: never more live, no turn is lost, who was evicted comes back to its own word", async () => {
  await using directory = await temporaryDirectory("pool-mixed");
  const model = await startModel();
  try {
    const { server, members } = await open(directory.path, model.url);
    await using stopped = server;
    const { played, seen, waited } = await watched(server, (each) => tellAndAsk(server, members, each));
    expect(await Promise.all(played.map((each) => memoryOf(server, each)))).toEqual(
      played.map(({ member }) => remembersItsOwn(member)),
    );
    const { handles, programs, servers } = seen;
    expect({ handles, programs, servers }).toEqual({ handles: CAP, programs: CAP, servers: 1 });

    // Of every program somebody had been evicted, and what came back was another launch.
    const back = played.filter(({ turn }) => turn.openedBy === "resume" || turn.openedBy === "load");
    expect(new Set(back.map(({ member }) => member.agent))).toEqual(new Set(AGENTS));
    const started = [...members, ...back.map(({ member }) => member)].filter(
      ({ agent }) => agent !== "opencode",
    );
    // One server more; who lived between two looks is not among them.
    expect(seen.launched.size).toBeLessThanOrEqual(started.length + 1);
    expect(seen.launched.size).toBeGreaterThan(members.length);
    expect(waited.size).toBeGreaterThanOrEqual(members.length - CAP);

    expect(await stopped.stop()).toBe(0);
    expect([...launches(directory.path).values()]).toEqual([]);
  } finally {
    await model.close();
  }
});
