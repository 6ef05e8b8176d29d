import type { SessionState } from "@holdfast/client";
import type { Message, Turn } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { rowsOf } from "./rows.ts";

const message = (id: string, role: "user" | "assistant", turnId: string, text: string) =>
  ({
    info: { id, role, turnId, agent: "rehearsal", time: { created: 1 } },
    parts: [{ id: `${id} part`, messageId: id, type: "text", text }],
  }) as unknown as Message;
const turn = (id: string, more: Partial<Turn>) =>
  ({ id, messageId: `${id} asked`, actor: { kind: "owner" }, ...more }) as unknown as Turn;

const shown = (messages: Message[], ...turns: Turn[]) => {
  const state = {
    messages,
    turns: Object.fromEntries(turns.map((each) => [each.id, each])),
    retry: undefined,
  };
  return rowsOf(state as unknown as SessionState).map(({ kind, key }) => `${kind} ${key}`);
};

test("[A-29, D-19] the end of a turn says whether another one goes on from it", () => {
  const messages = [message("1", "user", "a", "go"), message("2", "assistant", "a", "half")];
  const limited = turn("a", { state: "failed", reason: "limited" });
  const next = turn("b", { state: "queued", resumes: "a" as Turn["id"] });
  const isResumed = (...turns: Turn[]) => {
    const state = {
      messages,
      turns: Object.fromEntries(turns.map((each) => [each.id, each])),
      retry: undefined,
    };
    return rowsOf(state as unknown as SessionState).flatMap((row) =>
      row.kind === "end" ? [row.isResumed] : [],
    );
  };
  expect(isResumed(limited)).toEqual([false]);
  expect(isResumed(limited, next)).toEqual([true]);
});

test("[R-13.1] a turn that tries again says when, and why only where that does not stand right above", () => {
  const retry = { attempt: 1, message: "Overloaded", next: 5 };
  const working = (...parts: object[]) => {
    const answer = message("2", "assistant", "a", "half");
    const messages = [{ ...answer, parts: [...answer.parts, ...parts] } as unknown as Message];
    const state = { messages, turns: { a: turn("a", { state: "running" }) }, retry };
    return rowsOf(state).at(-1);
  };
  expect(working()).toMatchObject({ kind: "working", retry, isTold: false });
  expect(working({ id: "3", messageId: "2", type: "retry", number: 1 })).toMatchObject({
    retry,
    isTold: true,
  });
});

test("[I-16, D-6] a turn ends behind its last message, and behind what went into it, once", () => {
  const steered = turn("b", { state: "completed", reason: "steered", mergedInto: "a" as Turn["id"] });
  const begun = [
    message("1", "user", "a", "go"),
    message("2", "assistant", "a", "work"),
    message("3", "user", "b", "left"),
  ];
  const before = ["user 1", "speaker speaker 2", "part 2 part", "user 3", "end end b"];
  expect(shown(begun, turn("a", { state: "running" }), steered)).toEqual([...before, "working working a"]);
  const gone = [...begun, message("4", "assistant", "a", "left then")];
  expect(shown(gone, turn("a", { state: "completed" }), steered)).toEqual([
    ...before,
    "speaker speaker 4",
    "part 4 part",
    "end end a",
  ]);
});
