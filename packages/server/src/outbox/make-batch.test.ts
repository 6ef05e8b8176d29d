import { chainAfter, newId, payloadHash } from "@holdfast/kernel";
import { EMPTY_CHAIN, MAX_BATCH_BYTES, type MessageInfo, type Part } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { SentForm, ShareSource, SourceRow } from "../store/index.ts";
import { formOf, growthOf } from "./growth.ts";
import { makeBatch } from "./make-batch.ts";
import type { PublishedRow } from "./projection.ts";

const ID = "01111111111111111111111101";
const messageId = `msg_${ID}`;
const MESSAGE = `message:${messageId}`;
const PART = `part:prt_${ID}`;

const messageRow: SourceRow = {
  key: MESSAGE,
  row: "message",
  message: { id: messageId } as unknown as MessageInfo,
};
const partRow: SourceRow = {
  key: PART,
  row: "part",
  part: { id: `prt_${ID}`, messageId } as unknown as Part,
  message: messageRow.message,
};
const textOf = (text: string, facts: object = {}) => ({
  part: { id: `prt_${ID}`, messageId, ordinal: 0, type: "text", text, ...facts },
});
const shown = (
  payload: Record<string, unknown>,
  type: "message.updated" | "message.part.updated" = "message.part.updated",
) => ({ is: "row", type, payload, blobs: [] }) satisfies PublishedRow;

function source(rows: SourceRow[], facts: Partial<ShareSource> = {}): ShareSource {
  const marks = rows.map(({ key }) => ({ key, version: 7 }));
  return { marks, rows, sent: {}, masks: [], blobs: [], withheld: {}, ...facts };
}

function make(of: ShareSource, published: PublishedRow[], facts: { cursor?: number; limit?: number } = {}) {
  return makeBatch(of, published, {
    batchId: newId("bat"),
    cursor: 4,
    chain: EMPTY_CHAIN,
    limit: 200,
    newOperationId: () => newId("sop"),
    ...facts,
  });
}

const sentText = (text: string, facts?: object): Record<string, SentForm> => ({
  [PART]: formOf(textOf(text, facts), MESSAGE),
});

test("[S-3, S-4, S-6] operations are numbered on from the cursor, name what they need, and continue the chain", async () => {
  const made = await make(source([messageRow, partRow]), [
    shown({ message: { id: messageId } }, "message.updated"),
    shown(textOf("hello")),
  ]);
  const operations = made.operations.map(({ operation }) => operation);
  expect(operations).toMatchObject([
    { seq: 5, key: MESSAGE, type: "message.updated", dependsOn: [] },
    { seq: 6, key: PART, type: "message.part.updated", dependsOn: [`key:${MESSAGE}`] },
  ]);
  let chain = EMPTY_CHAIN;
  for (const { opId, payload, payloadHash: hash } of operations) {
    expect(hash).toBe(payloadHash(payload));
    chain = chainAfter(chain, opId, hash);
  }
  expect(made.chain).toBe(chain);
  expect(made.marks).toEqual(source([messageRow, partRow]).marks);
});

test("[S-22] the first operation of a stream needs its begin", async () => {
  const made = await make(source([partRow]), [shown(textOf("x"))], { cursor: 0 });
  expect(made.operations[0]?.operation.dependsOn).toEqual(["begin", `key:${MESSAGE}`]);
});

test("[S-3] what the service has already only loses its mark", async () => {
  const made = await make(source([partRow], { sent: sentText("same") }), [shown(textOf("same"))]);
  expect(made.operations).toEqual([]);
  expect(made.marks).toEqual([{ key: PART, version: 7 }]);
});

test("[S-4, S-26] a text that grew is sent as its growth, and as a whole once anything else differs", async () => {
  const grown = await make(source([partRow], { sent: sentText("one ") }), [shown(textOf("one two "))]);
  expect(grown.operations[0]?.operation).toMatchObject({
    type: "message.part.delta",
    payload: { partId: `prt_${ID}`, messageId, field: "text", offset: 4, text: "two " },
  });
  expect(grown.operations[0]?.sent).toEqual(formOf(textOf("one two "), MESSAGE));
  for (const payload of [
    textOf("two one "),
    textOf("on"),
    textOf("one two ", { time: { start: 1, end: 2 } }),
  ]) {
    const whole = await make(source([partRow], { sent: sentText("one ") }), [shown(payload)]);
    expect(whole.operations[0]?.operation).toMatchObject({ type: "message.part.updated", payload });
  }
});

test("[S-26] output and raw input of a call grow too, one of them at a time", () => {
  const call = (raw: string, output?: string) => ({
    part: {
      id: "p",
      type: "tool",
      state: { status: "running", raw, ...(output === undefined ? {} : { output }) },
    },
  });
  const sent = formOf(call("{}", "a"), undefined);
  expect(growthOf(sent, call("{}", "ab"))).toEqual({ field: "output", offset: 1, text: "b" });
  expect(growthOf(sent, call("{}x", "ab"))).toBeUndefined();
  expect(growthOf(formOf(call("{", "a"), undefined), call("{}", "a"))).toEqual({
    field: "raw",
    offset: 1,
    text: "}",
  });
  expect(growthOf({ ...sent, omitted: "refused" }, call("{}", "ab"))).toBeUndefined();
});

test("[S-22] a row that was refused is not sent again until it is another one, and then whole", async () => {
  const sent = { [PART]: { hash: payloadHash(textOf("bad")), omitted: "refused" as const } };
  expect((await make(source([partRow], { sent }), [shown(textOf("bad"))])).operations).toEqual([]);
  const made = await make(source([partRow], { sent }), [shown(textOf("bad no more"))]);
  expect(made.operations[0]?.operation.type).toBe("message.part.updated");
});

test("[S-20] a row that is gone is removed if it was sent, and its message's removal takes it along", async () => {
  const gone: SourceRow[] = [MESSAGE, PART].map((key) => ({ key, row: "none" }));
  const none: PublishedRow[] = [{ is: "none" }, { is: "none" }];
  expect((await make(source(gone), none)).operations).toEqual([]);
  const sent = { ...sentText("x"), [MESSAGE]: { hash: "h" } };
  const both = await make(source(gone, { sent }), none);
  expect(both.operations.map(({ operation }) => operation.type)).toEqual(["message.removed"]);
  expect(both.marks).toHaveLength(2);
  const one = await make(source(gone.slice(1), { sent }), none);
  expect(one.operations[0]).toMatchObject({
    operation: { type: "message.part.removed", payload: { messageId, partId: `prt_${ID}` } },
  });
  expect(one.operations[0]?.sent).toBeUndefined();
});

test("[S-7, S-30] what the service refused, or whose file is gone, is omitted with the reason", async () => {
  const withheld = { [PART]: "refused" as const };
  const refused = await make(source([partRow], { withheld }), [shown(textOf("x"))]);
  expect(refused.operations[0]).toMatchObject({
    operation: { type: "omitted", payload: { key: PART, messageId, reason: "refused" } },
    sent: { omitted: "refused" },
  });
  const file = {
    ...shown(textOf("x")),
    blobs: [{ hash: "h", mime: "image/png", read: () => Promise.resolve(undefined) }],
  };
  const expired = await make(source([partRow]), [file]);
  expect(expired.operations[0]?.operation.payload).toMatchObject({ reason: "expired" });
  const kept = await make(source([partRow], { blobs: ["h"] }), [file]);
  expect(kept.operations[0]?.operation.dependsOn).toContain("sha256:h");
});

test("[S-3] a batch keeps to its operations and bytes; what does not fit stands", async () => {
  const rows = [1, 2, 3].map((number): SourceRow => ({ ...partRow, key: `part:${number}` }));
  const small = rows.map(() => shown(textOf("x")));
  expect((await make(source(rows), small, { limit: 2 })).marks).toHaveLength(2);
  const large = rows.map(() => shown(textOf("y".repeat(MAX_BATCH_BYTES * 0.45))));
  const made = await make(source(rows), large);
  expect(made.operations).toHaveLength(2);
  expect(JSON.stringify(made.operations.map(({ operation }) => operation)).length).toBeLessThan(
    MAX_BATCH_BYTES,
  );
  const huge = await make(source([partRow]), [shown(textOf("z".repeat(MAX_BATCH_BYTES)))]);
  expect(huge.operations[0]?.operation.payload).toEqual({ key: PART, messageId, reason: "tooLarge" });
});
