import { describe, expect, test } from "vitest";
import { LINE_COMMANDS, readLine } from "./attach-line.ts";

const message = (text: string) => ({ kind: "message", text, delivery: "queue" });

describe("[I-9] a line typed in attach", () => {
  test.each<[string, object]>([
    ["", { kind: "nothing" }],
    ["   ", { kind: "nothing" }],
    ["hello there", message("hello there")],
    ["  two\nlines ", message("two\nlines")],
    ["once", message("once")],
    ["/once", { kind: "reply", reply: "once" }],
    ["/always and go on", { kind: "reply", reply: "always", message: "and go on" }],
    ["/reject not\nthis", { kind: "reply", reply: "reject", message: "not\nthis" }],
    ["/send /stop", message("/stop")],
    ["/steer left", { kind: "message", text: "left", delivery: "steer" }],
    ["/remove 2", { kind: "remove", place: 2 }],
    ["/leave", { kind: "leave" }],
    ["/compact now", message("/compact now")],
    ["/answer 8080", { kind: "fill", line: "8080" }],
    ["/answer", { kind: "fill", line: "" }],
    ["/decline", { kind: "fill", line: "/decline" }],
    ["/cancel", { kind: "fill", line: "/cancel" }],
  ])("%j", (line, action) => {
    expect(readLine(line, undefined, ["compact"])).toEqual(action);
  });

  test.each([
    "/remove",
    "/remove 0",
    "/remove x",
    "/send",
    "/steer",
    "/leave now",
    "/stopp",
    "/",
    "/once2",
    "/cancel it",
  ])("%j is refused, with a reason, and never sent", (line) =>
    expect(readLine(line, undefined)).toEqual({
      kind: "refused",
      why: expect.stringContaining("/") as unknown,
    }),
  );

  test.each<[string, object]>([
    ["o", { kind: "reply", reply: "once" }],
    ["Y", { kind: "reply", reply: "once" }],
    ["always", { kind: "reply", reply: "always" }],
    ["r", { kind: "reply", reply: "reject" }],
    ["no leave that file alone", { kind: "reply", reply: "reject", message: "leave that file alone" }],
    ["/once", { kind: "reply", reply: "once" }],
  ])("at a question %j answers", (line, action) =>
    expect(readLine(line, { what: "permission", forMs: 500 })).toEqual(action),
  );

  test.each(["a quick test of it", "yes please", "once more", "perhaps"])(
    "[A-19] at a question %j neither approves nor becomes a message",
    (line) => expect(readLine(line, { what: "permission", forMs: 500 })).toMatchObject({ kind: "refused" }),
  );

  test.each(["o", "a", "/always", "hello"])(
    "[A-19] %j is not taken while a question has only come up",
    (line) =>
      expect(readLine(line, { what: "permission", forMs: 499 })).toMatchObject({
        kind: "refused",
        why: expect.stringContaining(line) as unknown,
      }),
  );

  test.each<[string, object]>([
    ["", { kind: "fill", line: "" }],
    ["once", { kind: "fill", line: "once" }],
    ["/decline", { kind: "fill", line: "/decline" }],
    ["/send later", message("later")],
    ["/answer /home/x", { kind: "fill", line: "/home/x" }],
    ["/home/x", { kind: "refused", why: expect.stringContaining("/answer /home/x") as unknown }],
  ])("[A-19] at a question of an agent %j is its answer", (line, action) =>
    expect(readLine(line, { what: "question", forMs: 500 })).toEqual(action),
  );

  test("every command of the help is known", () => {
    for (const [usage] of LINE_COMMANDS) {
      const line = usage
        .replace("[message]", "")
        .replace("[value]", "")
        .replace("<message>", "x")
        .replace("<number>", "1");
      expect(readLine(line, undefined)).not.toMatchObject({ kind: "refused" });
    }
  });
});
