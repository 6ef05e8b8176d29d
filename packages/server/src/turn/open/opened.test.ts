import { expect, test } from "vitest";
import { openedAs } from "./opened.ts";

test.each([
  [
    "a live handle",
    "b1",
    { openedBy: "create", backendSessionId: "b1" },
    true,
    { opened: "resumed", openedBy: "live" },
  ],
  [
    "resume",
    "b1",
    { openedBy: "resume", backendSessionId: "b1" },
    false,
    { opened: "resumed", openedBy: "resume" },
  ],
  [
    "load",
    "b1",
    { openedBy: "load", backendSessionId: "b1" },
    false,
    { opened: "resumed", openedBy: "load" },
  ],
  [
    "the first one",
    undefined,
    { openedBy: "create", backendSessionId: "b1" },
    false,
    { opened: "new", openedBy: "create" },
  ],
  [
    "another one",
    "b1",
    { openedBy: "create", backendSessionId: "b2" },
    false,
    { opened: "lost", openedBy: "create" },
  ],
  [
    "a load that gave another one",
    "b1",
    { openedBy: "load", backendSessionId: "b2" },
    false,
    { opened: "lost", openedBy: "load" },
  ],
] as const)("[A-4] %s", (_name, known, handle, live, expected) => {
  expect(openedAs(known, handle, live, false)).toEqual(expected);
});

test.each([
  ["another one", "b1", { openedBy: "create", backendSessionId: "b2" }, "replayed"],
  ["a load that gave another one", "b1", { openedBy: "load", backendSessionId: "b2" }, "replayed"],
  ["the first one", undefined, { openedBy: "create", backendSessionId: "b1" }, "new"],
  ["the same one", "b1", { openedBy: "resume", backendSessionId: "b1" }, "resumed"],
] as const)("[A-4] told by a handoff: %s", (_name, known, handle, opened) => {
  expect(openedAs(known, handle, false, true)).toEqual({ opened, openedBy: handle.openedBy });
});
