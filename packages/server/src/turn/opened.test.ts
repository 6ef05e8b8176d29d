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
  expect(openedAs(known, handle, live)).toEqual(expected);
});
