import { newId } from "@holdfast/kernel";
import type { SessionId, TurnId } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DataDirectory, OWNER, type Room } from "./room.ts";
import { endTurn, untilCancelled } from "./scripted-agent.ts";

let directory: DataDirectory;
let room: Room;
let place = 0;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
  place += 1;
});
afterAll(() => directory.remove());

/** Sessions of one directory, the n-th a child of the one that is named. */
async function neighbours(count: number, parents: (number | undefined)[] = []): Promise<SessionId[]> {
  const ids: SessionId[] = [];
  for (let index = 0; index < count; index += 1) {
    const parent = parents[index];
    const parentId = parent === undefined ? undefined : ids[parent];
    ids.push(
      await room.createSession({
        directory: `/shared/${place}`,
        ...(parentId === undefined ? {} : { parentId }),
      }),
    );
  }
  return ids;
}

const waitsFor = (turnId: TurnId, waitingFor: object) =>
  room.until(() => room.turn(turnId), { state: "queued", waitingFor });
const running = (turnId: TurnId) => room.until(() => room.text(turnId), "working");
const cancel = (turnId: TurnId) => room.turns.cancel({ turnId, actor: OWNER });

describe("[A-14] a workspace", () => {
  test("[A-14] has one turn that may write at a time; the others say whom they wait for and follow in order", async () => {
    const [one, two, three] = (await neighbours(3)) as [SessionId, SessionId, SessionId];
    room.agent.next(untilCancelled);
    const first = await room.say(one, "one");
    await running(first);
    const second = await room.say(two, "two");
    await waitsFor(second, { kind: "workspace", holder: one });
    const third = await room.say(three, "three");
    await waitsFor(third, { kind: "workspace", holder: one });
    const again = await room.say(one, "again");
    await cancel(first);
    await room.store.resumeQueue({ sessionId: one, actor: OWNER });
    room.turns.wake(one);
    await Promise.all([second, third, again].map((turnId) => room.ended(turnId)));
    expect(room.agent.prompts).toEqual(["one", "two", "three", "again"]);
    expect((await room.turn(second)).waitingFor).toBeUndefined();
  });

  test("[A-14] lets those in who cannot write, by their agent's record", async () => {
    room.mayWrite = (agent, mode) => !(agent === "reader" && mode === "ask");
    const [one, two] = (await neighbours(2)) as [SessionId, SessionId];
    room.agent.next(untilCancelled);
    const first = await room.say(one, "one");
    await running(first);
    expect(await room.ended(await room.say(two, "read", { agent: "reader" }))).toMatchObject({
      state: "completed",
    });
    // What its servers do is not in its record.
    const mcpServers = { words: { type: "stdio", command: "words" } } as const;
    await room.store.patchSession({ sessionId: two, patch: { mcpServers }, actor: OWNER });
    const given = await room.say(two, "read by a server", { agent: "reader" });
    await waitsFor(given, { kind: "workspace", holder: one });
    await cancel(given);
    await cancel(first);
    await room.ended(first);
  });

  test("[A-14] that is shared lets turns overlap, also those that waited for it", async () => {
    const [one, two] = (await neighbours(2)) as [SessionId, SessionId];
    room.agent.next(untilCancelled);
    const first = await room.say(one, "one");
    await running(first);
    const second = await room.say(two, "two");
    await waitsFor(second, { kind: "workspace" });
    const { workspaceId } = await room.session(one);
    await room.store.patchWorkspace({ workspaceId, concurrency: "shared", actor: OWNER });
    room.turns.wakeWorkspace(workspaceId);
    expect(await room.ended(second)).toMatchObject({ state: "completed" });
    expect((await room.turn(first)).state).toBe("running");
    await cancel(first);
    await room.ended(first);
  });

  test("[A-14] that an operation has lets nobody start, and the one who waits as soon as it ends", async () => {
    const [one] = (await neighbours(1)) as [SessionId];
    const { workspaceId } = await room.session(one);
    const operationId = newId("opr");
    const operation = {
      operationId,
      instanceId: room.instanceId,
      kind: "accept" as const,
      workspaceId,
      leases: [workspaceId],
    };
    await room.store.beginOperation({ ...operation, data: {}, actor: OWNER });
    const turnId = await room.say(one, "one");
    await waitsFor(turnId, { kind: "workspace", holder: operationId });
    await room.store.endOperation({ operation: { id: operationId, epoch: 1 }, state: "done" });
    room.turns.wakeWorkspace(workspaceId);
    expect(await room.ended(turnId)).toMatchObject({ state: "completed" });
  });

  test("[A-14, A-8] a child of a running turn borrows the workspace and needs no place", async () => {
    room.agent.places = 1;
    const [parent, child, stranger] = (await neighbours(3, [undefined, 0])) as [
      SessionId,
      SessionId,
      SessionId,
    ];
    room.agent.next(untilCancelled);
    const lender = await room.say(parent, "parent");
    await running(lender);
    const waiting = await room.say(stranger, "stranger");
    await waitsFor(waiting, { kind: "workspace", holder: parent });
    await room.ended(await room.say(child, "child"));
    await cancel(lender);
    await room.ended(waiting);
    expect(room.agent.prompts).toEqual(["parent", "child", "stranger"]);
  });

  test("[A-14] a turn that stops waiting lets the next one in, and shows nothing any more", async () => {
    const [one, two, three] = (await neighbours(3)) as [SessionId, SessionId, SessionId];
    room.agent.next(untilCancelled);
    const first = await room.say(one, "one");
    await running(first);
    const second = await room.say(two, "two");
    await waitsFor(second, { kind: "workspace" });
    const third = await room.say(three, "three");
    await waitsFor(third, { kind: "workspace" });
    await cancel(second);
    expect(await room.ended(second)).toMatchObject({ state: "aborted", reason: "cancelled" });
    await room.store.pauseQueue({ sessionId: three, actor: OWNER });
    room.turns.wake(three);
    await room.until(async () => "waitingFor" in (await room.turn(third)), false);
    await cancel(first);
    await room.ended(first);
    await room.store.resumeQueue({ sessionId: three, actor: OWNER });
    room.turns.wake(three);
    await room.ended(third);
  });

  test("[A-14, D-18] what a dead server held is free again when its turn is ended", async () => {
    const [one, two] = (await neighbours(2)) as [SessionId, SessionId];
    room.agent.next(untilCancelled);
    const first = await room.say(one, "one");
    await running(first);
    const second = await room.say(two, "two");
    await waitsFor(second, { kind: "workspace", holder: one });
    room.crash();
    room = await directory.start();
    await room.turns.recover();
    expect(await room.turn(first)).toMatchObject({ state: "aborted", reason: "interrupted" });
    expect(await room.ended(second)).toMatchObject({ state: "completed" });
  });
});

describe("[A-8] a full pool", () => {
  test("[A-8] leaves turns queued, says so, and starts them in order when there is room", async () => {
    room.agent.places = 2;
    const sessions = [];
    for (let count = 0; count < 5; count += 1) sessions.push(await room.createSession());
    room.agent.next(untilCancelled, untilCancelled);
    const turns: TurnId[] = [];
    for (const [index, sessionId] of sessions.entries()) {
      turns.push(await room.say(sessionId, `${index}`));
      if (index < 2) await running(turns[index] as TurnId);
      else await waitsFor(turns[index] as TurnId, { kind: "pool" });
    }
    await cancel(turns[0] as TurnId);
    await Promise.all(turns.slice(2).map((turnId) => room.ended(turnId)));
    expect(room.agent.prompts).toEqual(["0", "1", "2", "3", "4"]);
    await cancel(turns[1] as TurnId);
    await room.ended(turns[1] as TurnId);
  });

  test("[A-8] a turn that waits for a human makes room", async () => {
    room.agent.places = 1;
    const [one, two] = [await room.createSession(), await room.createSession()];
    room.agent.next(async ({ sink }) => {
      await sink.ask({ tool: "bash", title: "ls", kind: "execute", args: {}, patterns: ["ls"] });
      return endTurn;
    });
    const asking = await room.say(one, "may I");
    const { id } = await room.pending();
    const second = await room.say(two, "two");
    await waitsFor(second, { kind: "pool" });
    room.clock.advance(1_000);
    await room.ended(second);
    await room.permissions.reply({ permissionId: id, reply: "once", actor: OWNER });
    expect(await room.ended(asking)).toMatchObject({ state: "completed" });
  });
});
