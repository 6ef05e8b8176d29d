import type { SessionState } from "@holdfast/client";
import type { AgentSession } from "@holdfast/protocol";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { BackgroundChips } from "./opened-chip.tsx";

const textOf = (page: string) => page.split(/<[^>]*>/).filter((text) => text !== "");

test("[A-27] background tasks are shown as long as they run, and that they were lost", () => {
  const of = (agent: string, background?: AgentSession["background"]) => [agent, { agent, background }];
  const agentSessions = Object.fromEntries([
    of("claude", { count: 2, since: 1, tasks: ["build"] }),
    of("qwen", { count: 1, since: 1, lost: 2 }),
    of("goose"),
  ]) as SessionState["agentSessions"];
  const state = { agentSessions } as SessionState;
  const text = textOf(renderToStaticMarkup(createElement(BackgroundChips, { state }))).join("|");
  expect(text).toContain("2 in background");
  expect(text).toContain("claude: 2 background tasks: build");
  expect(text).toContain("1 lost");
  expect(text).not.toContain("goose");
});
