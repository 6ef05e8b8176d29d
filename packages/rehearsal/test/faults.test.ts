import { methods } from "@agentclientprotocol/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitOf, scratch, startAgent, type Scratch } from "./agent-process.ts";
import {
  BIG_LINE_BYTES,
  EARLY_TEXT,
  LATE_TEXT,
  LATE_UPDATE_MS,
  NOISE_BETWEEN,
  OPENING_NOISE,
  UNKNOWN_KIND,
  UNKNOWN_METHOD,
} from "./fixture/seeded-faults.ts";
import { RawClient } from "./raw-client.ts";
import { SdkClient } from "./sdk-client.ts";

let place: Scratch;
const clients: { close: () => Promise<void> }[] = [];

function start(...faults: string[]): RawClient {
  const raw = new RawClient(
    place.home,
    faults.flatMap((fault) => ["--fault", fault]),
  );
  clients.push(raw);
  return raw;
}

beforeEach(() => {
  place = scratch();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  place.remove();
});

describe("without faults", () => {
  test("[A-2] commands follow the answer that names the session, replay precedes it, resume replays nothing", async () => {
    const raw = new RawClient(place.home);
    clients.push(raw);
    const session = await raw.newSession(place.cwd);
    await raw.lines.first("the commands", ({ text }) => text.includes("available_commands_update"));
    await raw.prompt(session, "SAY a");
    await raw.request("session/load", { sessionId: session, cwd: place.cwd, mcpServers: [] });
    await raw.request("session/resume", { sessionId: session, cwd: place.cwd, mcpServers: [] });
    await raw.prompt(session, "SAY b");
    expect(raw.story()).toEqual([
      "answer 1",
      "answer 2",
      "available_commands_update: ",
      "session_info_update: ",
      "agent_message_chunk: a\n",
      "usage_update: ",
      "answer 3",
      "user_message_chunk: SAY a",
      "agent_message_chunk: a\n",
      "answer 4",
      "available_commands_update: ",
      "answer 5",
      "available_commands_update: ",
      "agent_message_chunk: b\n",
      "usage_update: ",
      "answer 6",
    ]);
  });

  test("[A-16] a cancel means the prompts before it on the wire, and no later one", async () => {
    const raw = new RawClient(place.home);
    clients.push(raw);
    const sessionId = await raw.newSession(place.cwd);
    const cancel = { method: "session/cancel", params: { sessionId }, isNotification: true };
    const say = (text: string) => ({
      method: "session/prompt",
      params: { sessionId, prompt: [{ type: "text", text }] },
    });
    for (let round = 0; round < 10; round += 1) {
      expect(await raw.answer(raw.send(cancel, say("SLOW 3 5")))).toMatchObject({
        result: { stopReason: "end_turn" },
      });
      expect(await raw.answer(raw.send(say("HANG"), cancel))).toMatchObject({
        result: { stopReason: "cancelled" },
      });
    }
  });

  test("[A-12] a client that does not read holds a fast SLOW back, and its cancel is still heard", async () => {
    const raw = new RawClient(place.home);
    clients.push(raw);
    const sessionId = await raw.newSession(place.cwd);
    raw.child.stdout.pause();
    const slow = { sessionId, prompt: [{ type: "text", text: "SLOW 1000000 0" }] };
    const id = raw.send({ method: "session/prompt", params: slow });
    // Time in which an agent that does not wait would say far more words than a full pipe holds.
    await passed(1_000);
    raw.send({ method: "session/cancel", params: { sessionId }, isNotification: true });
    raw.child.stdout.resume();
    expect(await raw.answer(id)).toMatchObject({ result: { stopReason: "cancelled" } });
    expect(raw.lines.all.length).toBeGreaterThan(100);
    expect(raw.lines.all.length).toBeLessThan(6_000);
  });
});

describe("faults", () => {
  test("[A-12] noise: lines that are no JSON before and between messages", async () => {
    const raw = start("noise");
    await raw.prompt(await raw.newSession(place.cwd), "SAY a");
    expect(raw.story().slice(0, 7)).toEqual([
      ...OPENING_NOISE.slice(0, 3),
      NOISE_BETWEEN,
      "answer 1",
      NOISE_BETWEEN,
      "answer 2",
    ]);
    expect(raw.story().at(-2)).toBe(NOISE_BETWEEN);
  });

  test("[A-12] bigline: one line over the SDK's limit in the first prompt, and the turn goes on", async () => {
    const raw = start("bigline");
    const session = await raw.newSession(place.cwd);
    await raw.prompt(session, "SAY a");
    await raw.prompt(session, "SAY b");
    const big = raw.lines.all.filter(({ bytes }) => bytes > BIG_LINE_BYTES);
    expect(big.map(({ message }) => message?.params?.update?.sessionUpdate)).toEqual(["agent_message_chunk"]);
    expect(raw.story()).toContain("agent_message_chunk: b\n");
  });

  test("[A-12] early-update: updates before the answer of session/new", async () => {
    const raw = start("early-update");
    await raw.newSession(place.cwd);
    expect(raw.story().slice(0, 4)).toEqual([
      "answer 1",
      "available_commands_update: ",
      `agent_message_chunk: ${EARLY_TEXT}`,
      "answer 2",
    ]);
  });

  test("[A-16] late-update: text after the prompt's answer", async () => {
    const raw = start("late-update");
    await raw.prompt(await raw.newSession(place.cwd), "SAY a");
    const answer = raw.lines.all.at(-1);
    expect(answer?.message).toMatchObject({ id: 3 });
    const late = await raw.lines.first("the late update", ({ text }) => text.includes(LATE_TEXT));
    expect(late.at - (answer?.at ?? 0)).toBeGreaterThan(LATE_UPDATE_MS / 2);
  });

  test("[A-12] null-load: the answer of load is null", async () => {
    const raw = start("null-load");
    const sessionId = await raw.newSession(place.cwd);
    expect(await raw.request("session/load", { sessionId, cwd: place.cwd, mcpServers: [] })).toEqual({
      jsonrpc: "2.0",
      id: 3,
      result: null,
    });
  });

  test("[A-3] resume-missing: advertised, but answered -32601; load works", async () => {
    const raw = start("resume-missing");
    const { result } = await raw.request("initialize", { protocolVersion: 1 });
    expect(result).toMatchObject({ agentCapabilities: { sessionCapabilities: { resume: {} } } });
    const sessionId = await raw.newSession(place.cwd);
    const params = { sessionId, cwd: place.cwd, mcpServers: [] };
    expect(await raw.request("session/resume", params)).toMatchObject({ error: { code: -32601 } });
    expect(await raw.request("session/load", params)).toMatchObject({ result: { modes: {} } });
  });

  test("[A-15] end-turn-on-cancel: a cancelled prompt answers end_turn", async () => {
    const raw = start("end-turn-on-cancel");
    const sessionId = await raw.newSession(place.cwd);
    const prompt = {
      method: "session/prompt",
      params: { sessionId, prompt: [{ type: "text", text: "HANG" }] },
    };
    const id = raw.send(prompt);
    raw.send({ method: "session/cancel", params: { sessionId }, isNotification: true });
    expect(await raw.answer(id)).toMatchObject({ result: { stopReason: "end_turn" } });
  });

  test("[A-15] ignore-cancel: the prompt runs on", async () => {
    const raw = start("ignore-cancel");
    const sessionId = await raw.newSession(place.cwd);
    const prompt = {
      method: "session/prompt",
      params: { sessionId, prompt: [{ type: "text", text: "SLOW 20 10" }] },
    };
    const id = raw.send(prompt, { method: "session/cancel", params: { sessionId }, isNotification: true });
    expect(await raw.answer(id)).toMatchObject({ result: { stopReason: "end_turn" } });
    expect(raw.story()).toContain("agent_message_chunk: w20 ");
  });

  test("[A-10] ignore-term and ignore-eof: only SIGKILL ends it", async () => {
    const raw = start("ignore-term,ignore-eof");
    const sessionId = await raw.newSession(place.cwd);
    raw.child.kill("SIGTERM");
    expect((await raw.prompt(sessionId, "SAY still here")).result).toMatchObject({ stopReason: "end_turn" });
    raw.child.stdin.end();
    raw.child.kill("SIGTERM");
    const early = await Promise.race([exitOf(raw.child), passed(300)]);
    expect(early).toBe("nothing happened");
    raw.child.kill("SIGKILL");
    expect(await exitOf(raw.child)).toEqual({ code: null, signal: "SIGKILL" });
  });

  test("[A-10] ignore-eof alone obeys SIGTERM, ignore-term alone obeys the end of input", async () => {
    const deaf = start("ignore-eof");
    await deaf.newSession(place.cwd);
    deaf.child.stdin.end();
    deaf.child.kill("SIGTERM");
    expect(await exitOf(deaf.child)).toEqual({ code: 0, signal: null });
    const stubborn = start("ignore-term");
    await stubborn.newSession(place.cwd);
    stubborn.child.kill("SIGTERM");
    stubborn.child.stdin.end();
    expect(await exitOf(stubborn.child)).toEqual({ code: 0, signal: null });
  });

  test("[A-2] slow-init: initialize is answered after the time that was asked for", async () => {
    const raw = new RawClient(place.home, ["--fault", "slow-init", "--slow-init-ms", "400"]);
    clients.push(raw);
    const start = performance.now();
    await raw.request("initialize", { protocolVersion: 1 });
    expect(performance.now() - start).toBeGreaterThanOrEqual(390);
  });

  test("[A-12] unknown-kind: an update of a kind that nobody knows", async () => {
    const raw = start("unknown-kind");
    await raw.prompt(await raw.newSession(place.cwd), "SAY a");
    expect(raw.story()).toContain(`${UNKNOWN_KIND}: `);
    expect(raw.story()).toContain("agent_message_chunk: a\n");
  });

  test("[A-12] unknown-request: a method that nobody knows, and the turn goes on whatever the answer", async () => {
    const raw = start("unknown-request");
    const sessionId = await raw.newSession(place.cwd);
    for (const answer of [{ error: { code: -32601, message: "no" } }, { result: {} }, undefined]) {
      const from = raw.lines.all.length;
      const id = raw.send({
        method: "session/prompt",
        params: { sessionId, prompt: [{ type: "text", text: "SAY a" }] },
      });
      const asked = await raw.lines.first(
        "the request",
        ({ message }) => message?.method === UNKNOWN_METHOD,
        from,
      );
      if (answer) raw.write({ id: asked.message?.id, ...answer });
      expect(await raw.answer(id)).toMatchObject({ result: { stopReason: "end_turn" } });
    }
  });

  test("[A-2] a fault that nobody knows is exit code 2, faults combine in one list", async () => {
    expect(await exitOf(startAgent(place.home, ["--fault", "nope"]))).toEqual({ code: 2, signal: null });
    const raw = start("noise, unknown-kind", "null-load");
    await raw.prompt(await raw.newSession(place.cwd), "SAY a");
    expect(raw.story()).toContain(NOISE_BETWEEN);
    expect(raw.story()).toContain(`${UNKNOWN_KIND}: `);
  });

  test("[A-12] the SDK's client lives through noise, an unknown kind and an unknown request", async () => {
    const agent = new SdkClient(place.home, [
      "--fault",
      "noise,unknown-kind,unknown-request,null-load,early-update",
    ]);
    clients.push(agent);
    const session = await agent.newSession(place.cwd);
    expect((await agent.turn(session, "REMEMBER kiwi\nRECALL")).text).toContain("kiwi\n");
    await agent.load(session, place.cwd);
    await agent.connection.agent.request(methods.agent.session.close, { sessionId: session });
  });
});

/** Resolves after that time; only for tests that something does not happen meanwhile. */
function passed(ms: number): Promise<"nothing happened"> {
  return new Promise((resolve) => {
    setTimeout(() => resolve("nothing happened"), ms);
  });
}
