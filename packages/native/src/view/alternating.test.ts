import type { ModelMessage } from "ai";
import { expect, test } from "vitest";
import { alternating, userText } from "./alternating.ts";
import { WORDS } from "./words.ts";

const answer = (
  ...content: Extract<ModelMessage, { role: "assistant" }>["content"] & object
): ModelMessage => ({
  role: "assistant",
  content: content as Exclude<Extract<ModelMessage, { role: "assistant" }>["content"], string>,
});

test("[R-12.6] an answer that begins with reasoning begins its own turn, for it may be sealed", () => {
  const [first, second] = [
    answer({ type: "text", text: "a" }),
    answer({ type: "reasoning", text: "b" }, { type: "text", text: "c" }),
  ];
  expect(alternating([userText("go"), first, second, userText("on")])).toEqual([
    userText("go"),
    first,
    userText(WORDS.goOn),
    second,
    userText("on"),
  ]);
});
