import type { AssistantMessage, Model } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { DataDirectory, type Room } from "./room.ts";
import { endTurn } from "./scripted-agent.ts";

let directory: DataDirectory;
let room: Room;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
});
afterAll(() => directory.remove());

test("[A-7] an answer names the model that the agent says it runs, and the one that was asked for where that is another", async () => {
  const sessionId = await room.createSession();
  const asked = { modelId: "big", providerId: "maker" };
  const answerOf = async (...models: Model[]) => {
    room.agent.next(({ sink }) => {
      for (const model of models) sink.emit({ type: "model", model });
      sink.emit({ type: "text", text: "x" });
      return Promise.resolve(endTurn);
    });
    const turnId = await room.say(sessionId, "x", { model: asked });
    expect((await room.ended(turnId)).model).toEqual(asked);
    const { model, askedModel } = (await room.answer(turnId)).info as AssistantMessage;
    return { model, askedModel };
  };
  expect(await answerOf()).toEqual({});
  expect(await answerOf({ modelId: "big" })).toEqual({ model: { modelId: "big" } });
  expect(await answerOf({ modelId: "small" })).toEqual({ model: { modelId: "small" }, askedModel: asked });
  expect(await answerOf({ modelId: "small" }, asked)).toEqual({ model: asked });
});
