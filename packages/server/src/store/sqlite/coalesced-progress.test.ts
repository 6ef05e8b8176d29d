import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@holdfast/kernel";
import { type Actor, MAX_EVENT_BYTES, type TextPart } from "@holdfast/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CommittedEvent, ProgressOp, StartedTurn, Store } from "../port.ts";
import { openSqliteStore } from "./index.ts";

const OWNER: Actor = { id: "owner", kind: "owner", label: "Owner" };

let directory: string;
let store: Store;
let run: StartedTurn;
let part: TextPart;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-coalesce-"));
  store = await openSqliteStore({ directory, synchronous: "OFF" });
  const sessionId = newId("ses");
  const facts = { directory: "/p", title: "t", agent: "rehearsal" };
  const ids = { sessionId, projectId: newId("prj"), workspaceId: newId("wsp") };
  await store.createSession({ actor: OWNER, ...ids, ...facts, approvalMode: "ask", resumePolicy: "manual" });
  const messageId = newId("msg");
  await store.admitInput({
    actor: OWNER,
    sessionId,
    inputId: newId("inp"),
    turnId: newId("trn"),
    messageId,
    parts: [{ id: newId("prt"), sessionId, messageId, type: "text", text: "x" }],
    requestedDelivery: "queue",
    delivery: "queue",
    agent: "rehearsal",
  });
  const instanceId = newId("ins");
  await store.registerInstance({ id: instanceId, pid: 1, host: "h", startTime: 1, isAlone: true });
  const claim = { sessionId, instanceId, assistantMessageId: newId("msg"), agentSessionId: newId("ags") };
  run = (await store.startTurn({ ...claim, actor: OWNER })) as StartedTurn;
  const place = { sessionId, messageId: run.assistantMessageId };
  part = { id: newId("prt"), ...place, type: "text", text: "", time: { start: 1 } };
  await append([{ op: "part", part }]);
});

afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const append = (ops: ProgressOp[]) =>
  store.appendProgress({ sessionId: run.session.id, turnId: run.turn.id, epoch: run.epoch, ops });

const delta = (offset: number, text: string): ProgressOp[] => [
  { op: "delta", partId: part.id, messageId: part.messageId, field: "text", offset, text },
];

test("[D-12] deltas that arrive while the writer is busy become few events with the whole text", async () => {
  const heard: CommittedEvent[] = [];
  store.onCommit((events) => heard.push(...events));
  const { groups } = store.stats();
  await Promise.all(Array.from({ length: 500 }, (_, index) => append(delta(index * 4, `${1_000 + index}`))));
  expect(store.stats().groups - groups).toBeLessThan(50);
  expect(heard.length).toBeLessThan(50);
  const text = Array.from({ length: 500 }, (_, index) => `${1_000 + index}`).join("");
  expect(await store.getPart(part.id)).toMatchObject({ text });
  expect(heard.map((event) => event.seq)).toEqual(heard.map((_, index) => (heard[0]?.seq ?? 0) + index));
});

test("[D-4] joined across commands they still stay under the size of an event", async () => {
  const heard: CommittedEvent[] = [];
  store.onCommit((events) => heard.push(...events));
  const piece = "\u0001".repeat(3_000);
  await Promise.all(Array.from({ length: 100 }, (_, index) => append(delta(index * 3_000, piece))));
  for (const event of heard) expect(Buffer.byteLength(event.data)).toBeLessThanOrEqual(MAX_EVENT_BYTES);
  expect(await store.getPart(part.id)).toMatchObject({ text: piece.repeat(100) });
});

test("[D-12] a wrong delta among many fails alone", async () => {
  const appended = await Promise.allSettled([
    append(delta(0, "one ")),
    append(delta(99, "wrong")),
    append(delta(4, "two")),
  ]);
  expect(appended.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(await store.getPart(part.id)).toMatchObject({ text: "one two" });
});
