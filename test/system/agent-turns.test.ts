/** Turns that an agent starts by itself, on the real server, with the rehearsal agent. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isTerminal, type Message, type Turn } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: HoldfastProcess;
let places = 0;

beforeAll(async () => {
  directory = await temporaryDirectory("agent-turns");
  server = await startHoldfast({ root: directory.path });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

async function open(approvalMode: "ask" | "all" = "all") {
  const place = await server.place(`place-${(places += 1)}`);
  const { id } = await server.client.createSession({ directory: place, agent: "rehearsal", approvalMode });
  return { id, place };
}

const say = async (id: string, text: string): Promise<Turn> =>
  (await server.client.admitInput(id, { parts: [{ type: "text", text }] })).turn;

const ended = (turnId: string) =>
  until("the end of the turn", async () => {
    const turn = await server.client.getTurn(turnId);
    return isTerminal(turn.state) ? turn : undefined;
  });

const turnsOf = async (id: string) => (await server.client.listTurns(id)).items.toReversed();

/** The turn that the agent of a session started by itself, once there is one. */
const ownTurn = (id: string) =>
  until("a turn of the agent's own", async () =>
    (await turnsOf(id)).find(({ inputId }) => inputId === undefined),
  );

const textOf = ({ parts }: Message) => parts.map((part) => (part.type === "text" ? part.text : "")).join("");

/** What was said in a turn, answer by answer. */
async function saidIn(id: string, turnId: string): Promise<string[]> {
  const { items } = await server.client.listMessages(id);
  return items
    .filter(({ info }) => info.role === "assistant" && info.turnId === turnId)
    .map((message) => textOf(message));
}

const numbered = (count: number) => Array.from({ length: count }, (_, at) => `w${at + 1} `).join("");

test("[A-27, D-36] an agent that wakes between turns works in a turn of its own, asks there, writes there, and what is queued meanwhile runs behind it", async () => {
  const { id, place } = await open("ask");
  const first = await say(id, "WAKE go SLOW 40 1 ; WRITE own.txt mine ; SAY done\nSAY begun");
  await ended(first.id);
  await writeFile(join(place, "go"), "");
  const own = await ownTurn(id);
  expect(own.actor).toMatchObject({ id: "agent:rehearsal", kind: "agent" });
  const asked = await until(
    "the question whether it may write",
    async () => (await server.client.listPermissions({ sessionId: id, state: "pending" })).items[0],
  );
  expect(asked.turnId).toBe(own.id);
  expect((await server.client.getSession(id)).status).toBe("waiting");
  const queued = await say(id, "SAY later");
  expect((await server.client.getTurn(queued.id)).state).toBe("queued");
  await server.client.replyPermission(asked.id, { reply: "once" });
  expect(await ended(own.id)).toMatchObject({ state: "completed", openedBy: "live" });
  expect(await ended(queued.id)).toMatchObject({ state: "completed" });
  expect((await saidIn(id, own.id)).join("")).toBe(`${numbered(40)}done\n`);
  expect(await saidIn(id, queued.id)).toEqual(["later\n"]);
  expect(await readFile(join(place, "own.txt"), "utf8")).toBe("mine");
  expect((await turnsOf(id)).map((turn) => turn.id)).toEqual([first.id, own.id, queued.id]);
});

test.runIf(isWhole)(
  "[A-27] what the agent had begun before it read a prompt stands in an answer of its own, before the answer to the prompt",
  async () => {
    const { id } = await open();
    await ended((await say(id, "WAKE next SLOW 30 0 ; WRITE own.txt mine\nSAY begun")).id);
    const turn = await say(id, "SAY yes");
    expect(await ended(turn.id)).toMatchObject({ state: "completed" });
    const { items } = await server.client.listMessages(id);
    const ofTurn = items.filter(({ info }) => info.turnId === turn.id);
    expect(ofTurn.map((message) => [message.info.role, textOf(message)])).toEqual([
      ["user", "SAY yes"],
      ["assistant", numbered(30)],
      ["user", "A background task ended."],
      ["assistant", "yes\n"],
    ]);
    const [asked, own, told, answer] = ofTurn;
    expect([own?.info, answer?.info]).toMatchObject([
      { parentId: told?.info.id },
      { parentId: asked?.info.id },
    ]);
  },
);

test("[A-27] a prompt that comes while it wakes neither loses nor mixes a word, whoever is first", async () => {
  const { id } = await open();
  for (const round of [1, 2, 3]) {
    const before = (await turnsOf(id)).length;
    await ended((await say(id, `WAKE now SLOW 60 1 ; SAY woken ${round}\nSAY begun`)).id);
    const turn = await say(id, `SAY answer ${round}`);
    await ended(turn.id);
    const own = `${numbered(60)}woken ${round}\n`;
    const said = await until("what it said by itself", async () => {
      const all = (await turnsOf(id)).slice(before);
      const texts = await Promise.all(all.map(({ id: turnId }) => saidIn(id, turnId)));
      return texts.flat().includes(own) ? texts.flat().filter((text) => text !== "") : undefined;
    });
    expect(said.toSorted()).toEqual([`answer ${round}\n`, "begun\n", own].toSorted());
    await until("its end", async () => (await server.client.getSession(id)).status === "idle");
  }
});

test("[A-27, A-15] a stop reaches what the agent does by itself", async () => {
  const { id } = await open();
  await ended((await say(id, "WAKE now SLOW 100000 20\nSAY begun")).id);
  const own = await ownTurn(id);
  await until("its words", async () => ((await saidIn(id, own.id)).join("") === "" ? undefined : true));
  await server.client.cancelTurn(own.id);
  expect(await ended(own.id)).toMatchObject({ state: "aborted", reason: "cancelled" });
  expect(await ended((await say(id, "SAY after")).id)).toMatchObject({ state: "completed" });
});

test("[A-27, D-18, D-6] a kill in the middle keeps every word that was stored, interrupts that turn alone, and holds nothing up", async () => {
  const { id, place } = await open();
  await ended(
    (await say(id, "WAKE never SAY no\nWAKE now SAY first ; BASH touch began ; SLOW 100000 20\nSAY begun"))
      .id,
  );
  const own = await ownTurn(id);
  await until("its work", async () => {
    const text = (await saidIn(id, own.id)).join("");
    return existsSync(join(place, "began")) && text.includes("w1 ") ? text : undefined;
  });
  const background = async () => (await server.client.listAgentSessions(id)).items[0]?.background;
  await until("its task", async () =>
    (await background())?.tasks?.join() === "until never" ? true : undefined,
  );
  const queued = await say(id, "SAY later");
  const before = (await saidIn(id, own.id)).join("");
  await server.kill();
  server = await startHoldfast({ root: directory.path });
  expect(await server.client.getTurn(own.id)).toMatchObject({ state: "aborted", reason: "interrupted" });
  expect((await saidIn(id, own.id)).join("").startsWith(before)).toBe(true);
  expect(await ended(queued.id)).toMatchObject({ state: "completed" });
  expect(await saidIn(id, queued.id)).toEqual(["later\n"]);
  expect(await turnsOf(id)).toHaveLength(3);
  expect(await background(), "it is said what died").toMatchObject({
    tasks: ["until never"],
    lost: expect.any(Number) as number,
  });
});
