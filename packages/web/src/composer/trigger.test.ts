import { expect, test } from "vitest";
import { triggerOf } from "./trigger.ts";

test.each([
  ["/comp", { kind: "command", word: "comp", from: 0 }],
  ["see @src/a", { kind: "file", word: "src/a", from: 4 }],
  ['see @"with bl', { kind: "file", word: "with bl", from: 4 }],
  ["see @src/a.ts#", { kind: "symbol", path: "src/a.ts", word: "", from: 4 }],
  ["(@src/a.ts#Lane.cl", { kind: "symbol", path: "src/a.ts", word: "Lane.cl", from: 1 }],
  ["@src/a.ts#Lane.#cl", { kind: "symbol", path: "src/a.ts", word: "Lane.#cl", from: 0 }],
  ['@"with blank.ts"#a', { kind: "symbol", path: "with blank.ts", word: "a", from: 0 }],
  ["me@src/a.ts#a", undefined],
  ["see @mcp:", { kind: "resource", word: "", from: 4 }],
  ["see @mcp://docs/memo://a#b", { kind: "resource", word: "docs/memo://a#b", from: 4 }],
  ['see @"mcp://docs/a b', { kind: "resource", word: "docs/a b", from: 4 }],
  ["see @mcp://docs/a and", undefined],
  ["@src/a.ts#a and", undefined],
])("[R-8.2, R-8.3] %j asks for %j", (text, trigger) => {
  expect(triggerOf(text, text.length)).toEqual(trigger);
});
