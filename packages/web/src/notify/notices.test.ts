import type { FeedEvent, Session } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { noticeOf } from "./notices.ts";

const sessions = new Map([["ses_1", { title: "Tidy up" } as Session]]);
const event = (type: string, data: object = {}) =>
  ({ type, sessionId: "ses_1", data }) as unknown as FeedEvent;
const all = { attention: true, finished: true, sound: false };

describe("notices", () => {
  test.each([
    ["permission.asked", {}, "Waits for your answer."],
    ["question.asked", {}, "Waits for your answer."],
    ["turn.completed", {}, "Is done."],
    ["turn.failed", {}, "Failed."],
    ["turn.aborted", { turn: { reason: "interrupted" } }, "Was interrupted."],
    ["turn.aborted", { turn: { reason: "cancelled" } }, undefined],
    ["message.part.delta", {}, undefined],
  ])("[I-15] %s %j tells %j, with the session's title and nothing it says", (type, data, body) => {
    expect(noticeOf(event(type, data), sessions, all)?.body).toBe(body);
  });

  test("[I-23] a title hides nothing in a notification, and keeps its emoji", () => {
    const named = new Map([["ses_1", { title: "Ti\u200bdy \u202eup ❤️" } as Session]]);
    expect(noticeOf(event("turn.completed"), named, all)?.title).toBe("Ti<U+200B>dy <U+202E>up ❤️");
  });

  test("[I-15] nothing is told that was not asked for", () => {
    const none = { attention: false, finished: false, sound: true };
    expect(noticeOf(event("permission.asked"), sessions, none)).toBeUndefined();
    expect(noticeOf(event("turn.completed"), sessions, { ...none, attention: true })).toBeUndefined();
  });
});
