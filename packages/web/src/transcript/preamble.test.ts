import { handoffPart, notePart, subtasksPart, type TextPart } from "@holdfast/protocol";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Preambles } from "./preamble.tsx";

test("[A-6, W-6, R-9.2, I-15] what the server told the agent first is a line each, and none of the user's words", () => {
  const at = (id: string) => ({ id, sessionId: "ses_1", messageId: "msg_1" }) as unknown as TextPart;
  const parts: TextPart[] = [
    { ...at("prt_1"), type: "text", text: "hello" },
    handoffPart(at("prt_2"), "<holdfast-handoff>", 1),
    subtasksPart(at("prt_4"), "<holdfast-subtasks>", 1),
    notePart(at("prt_3"), "<holdfast-note>", 1),
  ];
  const page = renderToStaticMarkup(createElement(Preambles, { agent: "goose", parts }));
  expect(page.split(/<[^>]*>/).filter((text) => text !== "")).toEqual([
    "What goose was told of earlier turns",
    "What goose was told of the subtasks",
    "What goose was told of rejected changes",
  ]);
});
