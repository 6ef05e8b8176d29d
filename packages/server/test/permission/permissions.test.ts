import { HoldfastError } from "@holdfast/kernel";
import type { SessionId, TurnId } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { PermissionAsk } from "../../src/agents/index.ts";
import type { Store } from "../../src/store/index.ts";
import { DataDirectory, OWNER, type Room } from "../turn/room.ts";
import { endTurn } from "../turn/scripted-agent.ts";

let directory: DataDirectory;
let room: Room;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
});
afterAll(() => directory.remove());

const ask = (pattern: string, more: Partial<PermissionAsk> = {}): PermissionAsk => ({
  tool: "bash",
  title: `Run ${pattern}`,
  kind: "execute",
  args: { command: pattern },
  patterns: [pattern],
  ...more,
});

/** A turn that asks, says what it was told, and ends. */
const shown = (answer: string | object): string =>
  typeof answer === "string" ? answer : JSON.stringify(answer);

async function asking(
  asks: PermissionAsk[],
  more: { permissionTimeoutMs?: number; room?: Room; sessionId?: SessionId } = {},
) {
  const place = more.room ?? room;
  const sessionId = more.sessionId ?? (await place.createSession());
  place.agent.next(async ({ sink }) => {
    const answers = await Promise.all(asks.map((one) => sink.ask(one)));
    sink.emit({ type: "text", text: answers.map(shown).join(" ") });
    return endTurn;
  });
  const turnId = await place.say(sessionId, "go", more);
  return { sessionId, turnId };
}

const reply = (
  permissionId: Parameters<Room["permissions"]["reply"]>[0]["permissionId"],
  answer: "once" | "always" | "reject",
  message?: string,
) => room.permissions.reply({ permissionId, reply: answer, message, actor: OWNER });
const told = async (turnId: TurnId) => (await room.ended(turnId), room.text(turnId));

describe("[A-19] asking", () => {
  test("[A-19] a request is a durable row with everything in it, and its session waits", async () => {
    const { sessionId, turnId } = await asking([ask("ls -la", { callId: "c1" })]);
    const permission = await room.pending();
    expect(permission).toMatchObject({
      sessionId,
      turnId,
      agent: "rehearsal",
      tool: "bash",
      title: "Run ls -la",
      kind: "execute",
      args: { command: "ls -la" },
      patterns: ["ls -la"],
      call: { callId: "c1", messageId: (await room.turn(turnId)).assistantMessageIds[0] },
      deadline: room.clock.now() + 60_000,
    });
    expect(await room.session(sessionId)).toMatchObject({ status: "waiting", attention: "permission" });
    await reply(permission.id, "once");
    expect(await told(turnId)).toBe("once");
    expect(await room.store.getPermission(permission.id)).toMatchObject({
      state: "replied",
      reply: "once",
      actor: OWNER,
    });
  });

  test("[A-19] the first answer wins, the next is refused", async () => {
    const { turnId } = await asking([ask("ls")]);
    const { id } = await room.pending();
    const answers = await Promise.allSettled([reply(id, "reject"), reply(id, "once")]);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    await expect(reply(id, "once")).rejects.toMatchObject({ code: "ALREADY_REPLIED" });
    expect(await told(turnId)).toBe("reject");
    await expect(room.turn(turnId)).resolves.toMatchObject({ state: "completed" });
  });

  test("[A-19, R-14.2] without an answer until the deadline the agent is told so, and not that somebody rejected, and the row is expired", async () => {
    const { turnId } = await asking([ask("ls")]);
    const { id } = await room.pending();
    room.clock.advance(59_999);
    expect((await room.store.getPermission(id))?.state).toBe("pending");
    // The row may be seen before the deadline is set.
    await room.until(() => (room.clock.advance(1), room.turn(turnId)), { state: "completed" });
    expect(await told(turnId)).toBe("expired");
    expect(await room.store.getPermission(id)).toMatchObject({ state: "expired", expiry: "deadline" });
    await expect(reply(id, "once")).rejects.toMatchObject({
      code: "ALREADY_REPLIED",
      data: { state: "expired" },
    });
  });

  test("[A-19] an answer that was committed just before the deadline is what the agent hears", async () => {
    const wrap = (store: Store): Store => ({
      ...store,
      expirePermission: async (command) => {
        await store.replyPermission({ permissionId: command.permissionId, reply: "once", actor: OWNER });
        return store.expirePermission(command);
      },
    });
    const place = await directory.start({ wrap });
    const { turnId } = await asking([ask("ls")], { room: place });
    await place.pending();
    await place.until(() => (place.clock.advance(60_000), place.turn(turnId)), { state: "completed" });
    expect(await place.text(turnId)).toBe("once");
  });

  test("[A-19] with a deadline of 0 nobody is waited for, and the row says so", async () => {
    const { sessionId, turnId } = await asking([ask("ls")], { permissionTimeoutMs: 0 });
    await room.until(
      () => room.store.listPermissions({ sessionId }),
      [{ state: expect.any(String) as string }],
    );
    await room.until(() => (room.clock.advance(0), room.turn(turnId)), { state: "completed" });
    expect(await room.text(turnId)).toBe("expired");
    expect(await room.store.listPermissions({ sessionId })).toMatchObject([
      { state: "expired", expiry: "deadline" },
    ]);
  });

  test("[A-15] a cancel of the turn answers cancelled and ends the row", async () => {
    const { sessionId, turnId } = await asking([ask("ls"), ask("pwd")]);
    await room.until(
      async () => (await room.store.listPermissions({ state: "pending", sessionId })).length,
      2,
    );
    await room.turns.cancel({ turnId, actor: OWNER });
    expect(await told(turnId)).toBe("cancelled cancelled");
    expect(await room.store.listPermissions({ sessionId })).toMatchObject([
      { state: "expired", expiry: "turnEnded" },
      { state: "expired", expiry: "turnEnded" },
    ]);
    expect((await room.turn(turnId)).reason).toBe("cancelled");
  });

  test("[D-21] when the room stops everybody who waits is told cancelled, and so is everybody who asks later", async () => {
    const { turnId } = await asking([ask("ls")]);
    await room.pending();
    room.permissions.stop();
    expect(await told(turnId)).toBe("cancelled");
    expect(await told((await asking([ask("ls")])).turnId)).toBe("cancelled");
  });

  test("[A-20] what the mode answers by itself makes no row, and its refusal wins over a stored rule", async () => {
    const { sessionId, turnId } = await asking([ask("ls")]);
    await reply((await room.pending()).id, "always");
    await room.ended(turnId);
    room.autoAnswer = (kind) => (kind === "execute" ? "reject" : "once");
    const next = await asking([ask("ls"), ask("a.ts", { kind: "edit" })], { sessionId });
    expect(await told(next.turnId)).toBe("denied once");
    expect(await room.store.listPermissions({ sessionId })).toHaveLength(1);
  });
});

describe("[A-19] standing answers", () => {
  test("[A-19] always covers the same again in the session, what waits already, and nothing else", async () => {
    const { sessionId, turnId } = await asking([ask("ls"), ask("ls"), ask("pwd")]);
    await room.until(
      async () => (await room.store.listPermissions({ state: "pending", sessionId })).length,
      3,
    );
    const pending = await room.store.listPermissions({ state: "pending", sessionId });
    const [first] = pending.filter(({ patterns }) => patterns[0] === "ls");
    const [other] = pending.filter(({ patterns }) => patterns[0] === "pwd");
    if (first === undefined || other === undefined) throw new Error("Not asked.");
    await reply(first.id, "always");
    const open = await room.store.listPermissions({ state: "pending", sessionId });
    expect(open.map(({ id }) => id)).toEqual([other.id]);
    await reply(other.id, "once");
    expect(await told(turnId)).toBe("once once once");
    expect(await room.store.listPermissionRules({ sessionId })).toMatchObject([
      { pattern: "ls", kind: "execute", agent: "rehearsal" },
    ]);

    expect(await told((await asking([ask("ls")], { sessionId })).turnId)).toBe("once");
    const elsewhere = await asking([ask("ls")]);
    await reply((await room.pending()).id, "reject");
    expect(await told(elsewhere.turnId)).toBe("reject");
  });

  test("[A-19] the rule and the reply are one transaction: a refused reply leaves no rule", async () => {
    const { sessionId, turnId } = await asking([ask("ls")]);
    const { id } = await room.pending();
    await reply(id, "once");
    await room.ended(turnId);
    await expect(reply(id, "always")).rejects.toMatchObject({ code: "ALREADY_REPLIED" });
    expect(await room.store.listPermissionRules({ sessionId })).toEqual([]);
  });
});

describe("[A-19] a yes that stands already", () => {
  test("[A-19] asks nobody, and yields to a mode that refuses", async () => {
    const allowed = { isAllowed: true };
    expect(await told((await asking([ask("rm x", allowed)])).turnId)).toBe("once");
    room.autoAnswer = () => "reject";
    expect(await told((await asking([ask("rm x", allowed)])).turnId)).toBe("denied");
  });
});

describe("[A-19] a rejection with words", () => {
  test("[A-19] becomes the next input, before what was queued, once, also when the reply is repeated", async () => {
    const { sessionId, turnId } = await asking([ask("rm x")]);
    const queued = await room.say(sessionId, "queued before");
    const { id } = await room.pending();
    const command = {
      permissionId: id,
      reply: "reject" as const,
      message: "Use the trash instead.",
      actor: OWNER,
      idempotency: {
        actorId: "owner",
        method: "POST",
        route: `/permissions/${id}/reply`,
        key: "k",
        bodyHash: "h",
      },
    };
    expect(await room.permissions.reply(command)).toMatchObject({
      replayed: false,
      value: { state: "replied", reply: "reject" },
    });
    expect(await room.permissions.reply(command)).toMatchObject({ replayed: true });
    await room.ended(turnId);
    await room.ended(queued);
    expect(room.agent.prompts).toEqual(["go", "Use the trash instead.", "queued before"]);
  });

  test("[A-19] is told to an agent that takes words with a no, and no input is made of it", async () => {
    room.takesWords = true;
    const answers: unknown[] = [];
    const sessionId = await room.createSession();
    room.agent.next(async ({ sink }) => {
      for (const words of ["rm x", "rm y"]) answers.push(await sink.ask(ask(words)));
      return endTurn;
    });
    const turnId = await room.say(sessionId, "go");
    await reply((await room.pending()).id, "reject", "Use the trash instead.");
    await room.until(() => Promise.resolve(answers.length), 1);
    await reply((await room.pending()).id, "reject", " ");
    await room.ended(turnId);
    expect(answers).toEqual([{ reject: "Use the trash instead." }, "reject"]);
    expect((await room.store.listInputs({ sessionId })).items).toHaveLength(1);
  });

  test("[A-19] a request that is withdrawn is over for everybody, and another one is not", async () => {
    const withdrawing = new AbortController();
    const answers: unknown[] = [];
    const sessionId = await room.createSession();
    room.agent.next(async ({ sink }) => {
      const first = sink.ask(ask("rm x"), withdrawing.signal).then((answer) => answers.push(answer));
      await Promise.all([first, sink.ask(ask("rm y")).then((answer) => answers.push(answer))]);
      return endTurn;
    });
    const turnId = await room.say(sessionId, "go");
    await room.until(() => room.store.listPermissions({ state: "pending", sessionId }), [{}, {}]);
    withdrawing.abort();
    await room.until(() => Promise.resolve(answers), ["cancelled"]);
    await reply((await room.pending()).id, "once");
    await room.ended(turnId);
    expect(answers).toEqual(["cancelled", "once"]);
  });

  test("[A-19] only with words", async () => {
    const { sessionId, turnId } = await asking([ask("rm x")]);
    await reply((await room.pending()).id, "reject", "  ");
    await room.ended(turnId);
    expect((await room.store.listInputs({ sessionId })).items).toHaveLength(1);
  });
});

describe("[D-34] while the store cannot write", () => {
  test("[D-34] asking and expiring are repeated until they work", async () => {
    let refusals = 4;
    const wrap = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== "function" || (name !== "askPermission" && name !== "expirePermission"))
            return value;
          return (...args: unknown[]) =>
            refusals-- % 2 === 0
              ? Promise.reject(new HoldfastError("STORAGE_UNAVAILABLE", "Refused by the test."))
              : (Reflect.apply(value, target, args) as unknown);
        },
      });
    const place = await directory.start({ wrap });
    const { sessionId, turnId } = await asking([ask("ls")], { room: place });
    await place.until(
      () => (place.clock.advance(100), place.store.listPermissions({ state: "pending", sessionId })),
      [{}],
    );
    await place.until(() => (place.clock.advance(10_000), place.turn(turnId)), { state: "completed" });
    expect(await place.text(turnId)).toBe("expired");
    expect(refusals).toBe(0);
  });
});
