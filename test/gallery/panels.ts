/** What the gallery's panels show, as a real server answered it: agents of every kind, standing rules of sessions, what lives, and what changed. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Agent, LiveAgentList, PermissionRule, Session } from "@holdfast/protocol";
import { type HoldfastProcess, REHEARSAL, startHoldfast, temporaryDirectory } from "../harness/index.ts";
import { type ChangePanels, recordChanges } from "./changes.ts";

/** Longest wait for a turn or a request, in ms. */
const WAIT_MS = 30_000;
const BOLD = join(import.meta.dirname, "agent.ts");

export type Panels = ChangePanels & {
  agents: Agent[];
  rules: PermissionRule[];
  sessions: Session[];
  live: LiveAgentList;
};

/** Records them; `root` is the directory that the answers name. */
export async function recordPanels(): Promise<{ panels: Panels; root: string }> {
  await using directory = await temporaryDirectory("gallery-panels");
  const agents = {
    scribe: { backend: "acp" as const, command: [process.execPath, REHEARSAL], name: "Scribe" },
    bold: { backend: "acp" as const, command: [process.execPath, BOLD], name: "Bold" },
  };
  await using server = await startHoldfast({ root: directory.path, config: { agents } });
  await work(server, "Mend the parser", "rehearsal", ["BASH npm test\nWRITE notes.md # Notes", "SAY done"]);
  await work(server, "Write it down", "scribe", ["WRITE docs.md # Docs"]);
  await work(server, "Without asking", "bold", ["KINDS"], "all");
  await begin(server, "At work", "HANG");
  await begin(server, "Waits for an answer", "ASK May I?");
  const live = await allMeasured(server);
  const [known, rules, sessions] = await Promise.all([
    server.client.listAgents(),
    server.client.listPermissionRules(),
    server.client.listSessions(),
  ]);
  const changes = await recordChanges(server);
  const panels = { agents: known.items, rules: rules.items, sessions: sessions.items, live, ...changes };
  return { panels, root: directory.path };
}

/** A session whose requests are all answered with `always`. */
async function work(
  server: HoldfastProcess,
  title: string,
  agent: string,
  inputs: readonly string[],
  approvalMode: Session["approvalMode"] = "ask",
): Promise<Session> {
  const session = await server.client.createSession({
    directory: server.project,
    agent,
    approvalMode,
    title,
  });
  for (const text of inputs) {
    const { turn } = await server.client.admitInput(session.id, { parts: [{ type: "text", text }] });
    await allowAll(server, session.id, turn.id);
  }
  return session;
}

/** Begins a turn in a directory of its own, and leaves it where it comes to. */
async function begin(server: HoldfastProcess, title: string, text: string): Promise<void> {
  const directory = join(server.root, title.replaceAll(" ", "-").toLowerCase());
  await mkdir(directory);
  const session = await server.client.createSession({
    directory,
    agent: "rehearsal",
    approvalMode: "ask",
    title,
  });
  await server.client.admitInput(session.id, { parts: [{ type: "text", text }] });
}

/** What is live once the server has measured all of it, one busy and one waiting among them. */
async function allMeasured(server: HoldfastProcess): Promise<LiveAgentList> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await delay(100)) {
    const live = await server.client.listLiveAgents();
    const states = new Set(live.items.map(({ state }) => state));
    const isMeasured = live.items.every(({ memoryBytes }) => memoryBytes !== undefined);
    if (isMeasured && ["busy", "waiting", "idle"].every((state) => states.has(state as "busy"))) return live;
  }
  throw new Error("The live agents were not measured.");
}

async function allowAll(server: HoldfastProcess, sessionId: string, turnId: string): Promise<void> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await delay(20)) {
    const { items } = await server.client.listPermissions({ state: "pending", sessionId });
    for (const { id } of items) await server.client.replyPermission(id, { reply: "always" });
    if ((await server.client.getTurn(turnId)).time.ended !== undefined) return;
  }
  throw new Error(`Turn ${turnId} did not end.`);
}
