import type { SessionState } from "@holdfast/client";
import type { AgentSession, MessageInfo } from "@holdfast/protocol";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { BackgroundChips } from "../agents/opened-chip.tsx";
import { OwnWorkLine } from "./own-work.tsx";

const textOf = (page: string) => page.split(/<[^>]*>/).filter((text) => text !== "");

test("[A-27, I-15] where nobody asked, a line says that the agent went on by itself", () => {
  const info = { role: "user", agent: "claude", time: { created: 1 } } as unknown as MessageInfo;
  const page = renderToStaticMarkup(createElement(OwnWorkLine, { info }));
  expect(textOf(page).join("")).toBe("claude went on by itself: a background task had ended");
});

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
