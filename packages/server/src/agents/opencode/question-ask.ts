/** What opencode's question tool asks. */
import type { QuestionAsk } from "@holdfast/protocol";
import { questionOfTool } from "../asked-questions.ts";
import { object, text, type Json } from "./json.ts";

/** A question of opencode, read. `call` names the tool call that waits for it. */
export type WireQuestion = {
  id: string;
  ask: QuestionAsk;
  call: { messageId: string; callId: string } | undefined;
};

/** Reads a request; `undefined` for what nobody could be asked. */
export function wireQuestion(value: Json): WireQuestion | undefined {
  const id = text(value["id"]);
  const ask = questionOfTool(value["questions"]);
  const tool = object(value["tool"]);
  const [messageId, callId] = [text(tool["messageID"]), text(tool["callID"])];
  if (id === undefined || ask === undefined) return undefined;
  const call = messageId === undefined || callId === undefined ? undefined : { messageId, callId };
  return { id, ask, call };
}
