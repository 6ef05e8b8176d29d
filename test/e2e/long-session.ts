import { join } from "node:path";
import { newId, silentLogger, systemClock } from "@holdfast/kernel";
import type { Actor, SessionId, TextPart } from "@holdfast/protocol";
import { openSqliteStore } from "../../packages/server/src/store/sqlite/index.ts";
import { ByteBudget, DEFAULT_TURN_SETTINGS, Recorder } from "../../packages/server/src/turn/index.ts";

const OWNER: Actor = { id: "owner", kind: "owner", label: "Owner" };
const TURN: Actor = { id: "system:turn", kind: "system", label: "turn" };

export const numbered = (turn: number): string => `This is question number ${turn}.`;

/**
 * Writes a session of `turns` questions and as many answers into a data directory that no server has open, through the real store and recorder. Answers
 * have markdown, code and a tool call now and then, as long sessions do.
 */
export async function writeLongSession(root: string, turns: number): Promise<SessionId> {
  const project = join(root, "project");
  const store = await openSqliteStore({ directory: join(root, "data"), synchronous: "OFF" });
  const instanceId = newId("ins");
  await store.registerInstance({
    id: instanceId,
    pid: process.pid,
    host: "test",
    startTime: 1,
    isAlone: true,
  });
  const budget = new ByteBudget(DEFAULT_TURN_SETTINGS.bytes);
  const { value: session } = await store.createSession({
    actor: OWNER,
    sessionId: newId("ses"),
    projectId: newId("prj"),
    workspaceId: newId("wsp"),
    directory: project,
    title: "A long session",
    agent: "rehearsal",
    approvalMode: "ask",
    resumePolicy: "manual",
  });
  for (let turn = 1; turn <= turns; turn += 1) {
    const messageId = newId("msg");
    const part: TextPart = {
      id: newId("prt"),
      sessionId: session.id,
      messageId,
      type: "text",
      text: numbered(turn),
    };
    await store.admitInput({
      actor: OWNER,
      sessionId: session.id,
      inputId: newId("inp"),
      turnId: newId("trn"),
      messageId,
      parts: [part],
      requestedDelivery: "queue",
      delivery: "queue",
      agent: "rehearsal",
    });
    const started = await store.startTurn({
      sessionId: session.id,
      instanceId,
      assistantMessageId: newId("msg"),
      agentSessionId: newId("ags"),
      actor: TURN,
    });
    if (started === undefined) throw new Error("An admitted turn did not start.");
    const { epoch } = started;
    const recorder = new Recorder(
      {
        store,
        clock: systemClock,
        logger: silentLogger,
        account: budget.open(),
        signal: new AbortController().signal,
        onFailure: () => undefined,
      },
      {
        sessionId: session.id,
        turnId: started.turn.id,
        epoch,
        parentId: started.turn.messageId,
        messageId: started.assistantMessageId,
        agentSessionId: started.agentSession.id,
        agent: started.turn.agent,
        mask: (text) => text,
      },
    );
    recorder.begin();
    recorder.emit({ type: "text", text: answer(turn) });
    if (turn % 10 === 0) {
      const callId = `call_${turn}`;
      recorder.emit({
        type: "tool",
        update: { callId, status: "pending", tool: "bash", title: `ls ${turn}`, input: {} },
      });
      recorder.emit({ type: "tool", update: { callId, status: "completed", output: "a\nb\nc\n" } });
    }
    await recorder.fence(0);
    await recorder.flushed();
    await store.beginFinalize({
      turnId: started.turn.id,
      epoch,
      record: { state: "completed", finish: "stop" },
    });
    await store.finalizeTurn({ turnId: started.turn.id, epoch, actor: TURN, stepFinishPartId: newId("prt") });
    recorder.close();
  }
  await store.close();
  return session.id;
}

function answer(turn: number): string {
  const lines = [
    `## Answer ${turn}`,
    "",
    `A **short** paragraph with \`code\` and some text that is long enough to wrap once on a phone.`,
  ];
  if (turn % 3 === 0) lines.push("", "```ts", `export const answer = ${turn};`, "```");
  if (turn % 7 === 0) lines.push("", "- one", "- two", `- ${turn}`);
  return lines.join("\n");
}
