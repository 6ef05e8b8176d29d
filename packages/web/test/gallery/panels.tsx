/** What is no session: lists of agents and rules in their states, from what a real server answered. */
import type { Agent, LiveAgent, Session } from "@holdfast/protocol";
import type { ReactNode } from "react";
import { AgentList, LiveList } from "../../src/agents/index.ts";
import { Skeleton } from "../../src/design/index.ts";
import { AgentWarning } from "../../src/session-view/index.ts";
import { RuleList } from "../../src/settings/index.ts";
import { CHANGE_CASES } from "./change-panels.tsx";
import { PANELS } from "./recordings/index.ts";

export type Panel = { name: string; title: string; content: ReactNode };

const { agents, rules, sessions, live } = PANELS;
const nothing = () => Promise.resolve();

const missing = agents.find(({ available }) => !available);
const bold = agents.find(({ approvalModes }) => !approvalModes.includes("ask"));

/** Warns of an agent in a session that asks first. */
function warned(agent: Agent | undefined): ReactNode {
  const [session] = sessions;
  if (agent === undefined || session === undefined) throw new Error("The recording has no such agent.");
  const asking: Session = { ...session, agent: agent.id, approvalMode: "ask" };
  return <AgentWarning session={asking} agent={agent} />;
}

const liveList = (items: readonly LiveAgent[], limit: number): ReactNode => (
  <LiveList
    live={{ items: [...items], limit }}
    titleOf={(id) => sessions.find((session) => session.id === id)?.title}
    nameOf={(id) => agents.find((agent) => agent.id === id)?.name ?? id}
  />
);

/** In the order of the gallery. */
export const PANEL_CASES: readonly Panel[] = [
  {
    name: "agents",
    title: "Agents: what they can do, and how to get those that are missing",
    content: <AgentList agents={agents} current="scribe" onChoose={() => undefined} />,
  },
  {
    name: "agents-loading",
    title: "Agents: being looked for",
    content: <Skeleton lines={6} label="Looking for agents" />,
  },
  {
    name: "agents-none",
    title: "Agents: none can be started",
    content: <AgentList agents={agents.filter(({ available }) => !available)} />,
  },
  { name: "agent-missing", title: "The session's agent is not on this machine", content: warned(missing) },
  { name: "agent-bold", title: "The session's agent cannot ask first", content: warned(bold) },
  { name: "live", title: "Live agents", content: liveList(live.items, live.limit) },
  { name: "live-full", title: "Live agents: every place is used", content: liveList(live.items, 4) },
  { name: "live-none", title: "Live agents: none", content: liveList([], live.limit) },
  {
    name: "rules",
    title: "Standing rules",
    content: <RuleList rules={rules} sessions={sessions} onRevoke={nothing} />,
  },
  {
    name: "rules-empty",
    title: "Standing rules: none",
    content: <RuleList rules={[]} sessions={sessions} onRevoke={nothing} />,
  },
  {
    name: "rules-offline",
    title: "Standing rules while the server cannot be reached",
    content: <RuleList rules={rules} sessions={sessions} isOffline onRevoke={nothing} />,
  },
  ...CHANGE_CASES,
];
