import { RequestError } from "@agentclientprotocol/sdk";
import { newId } from "@holdfast/kernel";
import { afterEach, describe, expect, test } from "vitest";
import { AgentRoom } from "../../../test/agents/opened-agent.ts";
import { RecordedTurn } from "../../../test/agents/recorded-turn.ts";
import { until } from "../../../test/agents/waiting.ts";
import type { SteerResult } from "../port.ts";
import { steerResultOf } from "./steering.ts";

let room: AgentRoom | undefined;

afterEach(async () => {
  await room?.end();
  room = undefined;
});

const rows: [told: string, answer: Parameters<typeof steerResultOf>[0], result: SteerResult][] = [
  ["taken", { result: { outcome: "injected" } }, { outcome: "injected" }],
  [
    "too late",
    { result: { outcome: "promptRequired", reason: "noRunningTurn" } },
    { outcome: "promptRequired" },
  ],
  ["begun by itself", { result: { outcome: "startedNewTurn" } }, { outcome: "injected" }],
  ["refused", { result: { outcome: "failed", reason: "busy" } }, { outcome: "failed", message: "busy" }],
  ["an error", { error: new RequestError(-32_603, "no") }, { outcome: "failed", message: "no" }],
  ["an empty success", { result: {} }, { outcome: "unknown" }],
  ["nothing", { result: null }, { outcome: "unknown" }],
  ["another word", { result: { outcome: "queued" } }, { outcome: "unknown" }],
  ["a connection that ended", { error: new Error("gone") }, { outcome: "unknown" }],
];
test.each(rows)("[A-28] what an agent says of words for its prompt: %s", (_told, answer, result) => {
  expect(steerResultOf(answer)).toEqual(result);
});

describe("the rehearsal agent over ACP", () => {
  async function prompted(directives: string) {
    const opened = (room = new AgentRoom());
    const handle = await opened.open("rehearsal");
    expect(handle.features.steer).toBe("yes");
    const turn = new RecordedTurn();
    const result = handle.prompt(opened.say(`${directives}\nSAY begun\nSLOW 100000 20`), turn);
    await until("it works", () => turn.text.includes("begun"));
    const steer = async (text: string) => handle.steer?.({ messageId: newId("msg"), ...opened.say(text) });
    return { handle, turn, result, steer };
  }

  test("[A-28] words go into the running prompt, and what comes of them is part of it", async () => {
    const { handle, turn, result, steer } = await prompted("");
    expect(await steer("SAY turned")).toEqual({ outcome: "injected" });
    await until("it turned", () => turn.text.includes("turned"));
    await handle.cancel();
    expect(await result).toMatchObject({ outcome: "ended" });
    expect(await steer("SAY late"), "without a prompt").toEqual({ outcome: "promptRequired" });
  });

  test.each([
    ["STEER required", { outcome: "promptRequired" }],
    ["STEER failed no room", { outcome: "failed", message: "no room" }],
  ])("[A-28] an agent may not take them: %s", async (directive, expected) => {
    const { handle, result, steer } = await prompted(directive);
    expect(await steer("SAY turned")).toEqual(expected);
    await handle.cancel();
    await result;
  });

  test("[A-28] an answer that never comes is given up soon after the prompt's end, and nobody knows then", async () => {
    const { handle, turn, result, steer } = await prompted("STEER silent heard");
    const answer = steer("SAY turned");
    await until("it heard", () => turn.text.includes("heard"));
    await handle.cancel();
    await result;
    expect(await answer).toEqual({ outcome: "unknown" });
  });

  test("[A-28] an agent that does not say that it takes words during a prompt is known not to", async () => {
    room = AgentRoom.faulty("no-steering");
    expect((await room.open("faulty")).features.steer).toBe("no");
  });
});
