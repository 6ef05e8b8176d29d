import { newId } from "@holdfast/kernel";
import { EVENT_DATA, isNamed, MAX_DELTA_UNITS, MAX_EVENT_BYTES, type McpServer } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { CommittedEvent, FeedPosition } from "../../src/store/index.ts";
import { refCommand } from "./ref-rig.ts";
import { refusalOf } from "./refusal.ts";
import { delta, OWNER, placeOf, type StoreRig, textPart, toolPart } from "./rig.ts";
import { shareOf } from "./share-rig.ts";
import { topic } from "./topic.ts";
import { activeWorktree, change, record } from "./worktree-rig.ts";

/** Does everything that writes a row with words in it, and says `text` wherever there are words. */
async function sayEverywhere(rig: StoreRig, text: string): Promise<void> {
  // Those of one owner are limited together.
  const word = text.slice(0, 1_000);
  const server: McpServer = { type: "stdio", command: word, args: [word], env: { [word]: word } };
  const mcpServers = { [word]: server };
  const { value: session } = await rig.create({ title: text, model: { modelId: text }, mcpServers });
  const { id: sessionId, workspaceId, projectId } = session;
  await rig.store.patchProject({ projectId, worktree: { setup: [text] }, mcpServers, actor: OWNER });
  await rig.store.patchWorkspace({ workspaceId, concurrency: "shared", actor: OWNER });
  const asked = {
    system: text,
    tools: { [text]: true },
    format: { type: "json_schema", schema: { [text]: text }, retryCount: 1 },
  } as const;
  const queued = [
    await rig.admit(sessionId, text, asked),
    await rig.admit(sessionId, text),
    await rig.admit(sessionId, text),
  ];
  const [, removed, cancelled] = queued;
  const run = await rig.start(sessionId);
  await work(rig, run, text);
  await rig.finish(run, {
    state: "failed",
    reason: "error",
    finish: text,
    error: { name: "AgentReportedError", data: { agent: "rehearsal", message: text } },
  });
  if (removed === undefined || cancelled === undefined) throw new Error("Nothing was queued.");
  const { input, message } = removed;
  const again = textPart({ sessionId, messageId: message.info.id }, text);
  await rig.store.editInput({ inputId: input.id, parts: [again], actor: OWNER });
  await rig.store.removeInput({ inputId: input.id, actor: OWNER });
  await rig.store.cancelTurn({ turnId: cancelled.turn.id, actor: OWNER });
  await rig.exchange(sessionId, text);
  await settle(rig, sessionId, text);
  await record(rig, workspaceId, [change(workspaceId, { path: text })]);
  const worktree = await activeWorktree(rig);
  await rig.store.patchWorktree({ worktreeId: worktree.id, patch: { note: text }, actor: OWNER });
  const shared = await rig.session({ title: text });
  await rig.store.createShare({
    share: shareOf(shared, { title: text.slice(0, 1_000) }),
    tasks: [],
    actor: OWNER,
  });
  await rig.store.deleteSession({ sessionId: shared, actor: OWNER });
}

/** What a turn writes while it runs. */
async function work(rig: StoreRig, run: Awaited<ReturnType<StoreRig["start"]>>, text: string): Promise<void> {
  const note = { agent: "rehearsal", kind: text, bytes: 1, tail: text };
  const growing = textPart(placeOf(run), "", { start: 1 });
  const described = { id: text, name: text, description: text };
  await rig.append(
    run,
    { op: "part", part: growing },
    delta(growing, 0, text.slice(0, MAX_DELTA_UNITS)),
    {
      op: "part",
      part: toolPart(placeOf(run), { status: "pending", input: { [text]: [text] }, raw: text, title: text }),
    },
    {
      op: "part",
      part: { ...textPart(placeOf(run), text, { start: 1, end: 2 }), metadata: { [text]: text } },
    },
    { op: "turn", patch: { waitingFor: { kind: "workspace", holder: text } } },
    { op: "todos", todos: [{ content: text, status: "pending", priority: "low" }] },
    { op: "title", title: text },
    { op: "compacted", compaction: { messageId: run.assistantMessageId, auto: true } },
    { op: "note", type: "agent.notice", data: note },
    { op: "note", type: "agent.raw", data: note },
    { op: "note", type: "agent.late", data: note },
    {
      op: "agentSession",
      agentSessionId: run.agentSession.id,
      patch: {
        version: text,
        backendSessionId: text,
        commands: [{ name: text, description: text, hint: text }],
        subagents: [{ name: text, description: text }],
        modes: { current: text, available: [described] },
        models: { current: text, available: [described] },
      },
    },
  );
  const words = { tool: text, title: text, kind: text, args: { [text]: { deep: [text] } }, patterns: [text] };
  const { id } = await rig.ask(run, { ...words, call: { messageId: run.assistantMessageId, callId: text } });
  const { projectId, id: sessionId } = run.session;
  const rule = { id: newId("rul"), agent: "rehearsal", kind: text, pattern: text, scope: "session" as const };
  await rig.store.replyPermission({
    permissionId: id,
    reply: "always",
    message: text,
    rules: [{ ...rule, sessionId, projectId, actor: OWNER, time: { created: 1 } }],
    actor: OWNER,
  });
  await rig.ask(run, words);
  const option = { value: text, label: text, description: text };
  const field = { name: text, title: text, description: text, type: "one" as const, options: [option] };
  const question = { message: text, fields: [field], url: text };
  const { id: questionId } = await rig.question(run, question);
  await rig.store.replyQuestion({
    questionId,
    answer: { action: "accept", content: { [text]: text } },
    actor: OWNER,
  });
  await rig.question(run, question);
}

/** What is done to a history afterwards. */
async function settle(
  rig: StoreRig,
  sessionId: CommittedEvent["sessionId"] & string,
  text: string,
): Promise<void> {
  const history = await rig.history(sessionId as never);
  const answer = history.at(-1);
  const part = answer?.parts.find(({ type }) => type === "text");
  if (answer?.info.role !== "assistant" || part?.type !== "text") throw new Error("Nothing was answered.");
  const [commentId, words] = [newId("cmt"), text.slice(0, 10_000)];
  const on = answer.info.id;
  await rig.store.addComment({ actor: OWNER, commentId, sessionId: sessionId as never, on, text: words });
  const label = text.slice(0, 256);
  await rig.store.createRef(refCommand(sessionId as never, { label, caveats: { audience: label } }));
  await rig.store.updateMessage({
    messageId: answer.info.id,
    message: { ...answer.info, metadata: { [text]: text } },
    actor: OWNER,
  });
  await rig.store.removePart({ partId: part.id, actor: OWNER });
  await rig.store.removeMessage({ messageId: answer.info.id, actor: OWNER });
}

async function toldFrom(
  { store, events }: StoreRig,
  after: FeedPosition,
): Promise<{ live: CommittedEvent[]; replayed: CommittedEvent[] }> {
  const replayed = await store.replayFeed({ after, limit: 1_000 });
  const live = events.filter(({ position }) => store.feedOrder.isAfter(position, after));
  return { live, replayed: replayed.events };
}

/** Every string of a JSON value, keys included. */
function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...stringsOf(item)]);
}

export const rowTextTopic = topic("words in rows", (rig) => {
  test("[D-4] no event of any type is larger than an event may be: its row is named, and read", async () => {
    const from = await rig().store.lastPosition();
    // JSON writes each of these with six bytes.
    await sayEverywhere(rig(), "\u0001".repeat(MAX_EVENT_BYTES / 6 + 1));
    const { live, replayed } = await toldFrom(rig(), from);
    expect(new Set(live.map(({ type }) => type))).toEqual(new Set(Object.keys(EVENT_DATA)));
    for (const { type, data } of [...live, ...replayed]) {
      expect(Buffer.byteLength(data), type).toBeLessThanOrEqual(MAX_EVENT_BYTES);
      expect(EVENT_DATA[type].safeParse(JSON.parse(data)).error, type).toBeUndefined();
    }
    const named = new Set(live.filter(({ data }) => isNamed(JSON.parse(data))).map(({ type }) => type));
    for (const type of [
      "session.updated",
      "input.admitted",
      "turn.failed",
      "message.updated",
      "message.part.updated",
      "permission.asked",
      "question.asked",
      "agent.session.updated",
      "todo.updated",
      "project.updated",
      "worktree.updated",
      "change.updated",
    ] as const)
      expect(named, type).toContain(type);
  });

  test("[D-4] a delta that would be larger than an event may be is refused", async () => {
    const run = await rig().running();
    const part = await rig().part(run, textPart(placeOf(run), "", { start: 1 }));
    expect(await refusalOf(rig().append(run, delta(part, 0, "x".repeat(MAX_DELTA_UNITS + 1))))).toBe(
      "TOO_LARGE",
    );
    await rig().append(run, delta(part, 0, "x".repeat(MAX_DELTA_UNITS)));
  });

  test("[D-12] no row and no event holds U+0000 or half a surrogate pair, whatever was written and by whom", async () => {
    const from = await rig().store.lastPosition();
    await sayEverywhere(rig(), "a\0b\ud800c\udc00\u{1f600}");
    const { live, replayed } = await toldFrom(rig(), from);
    const words = [...live, ...replayed].flatMap(({ type, data }) =>
      // A path is what git names it, and never anybody's words.
      type === "change.updated" ? [] : stringsOf(JSON.parse(data)),
    );
    expect(words.filter((text) => !text.isWellFormed() || text.includes("\0"))).toEqual([]);
    expect(words.filter((text) => text === "a\ufffdb\ufffdc\ufffd\u{1f600}").length).toBeGreaterThan(30);
    const rules = await rig().store.listPermissionRules({});
    expect(rules.map(({ pattern }) => pattern)).toContain("a\ufffdb\ufffdc\ufffd\u{1f600}");
  });
});
