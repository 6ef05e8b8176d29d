/**
 * Operations as the store takes them: each payload is looked at here, once, and its rows are handed on as JSON. A wrong payload is no refusal of the
 * batch: its operation is rejected where it is not known already (S-22). What is wrong with the envelope refuses the batch. Rows of the older way (S-10) are
 * taken for the operations that say the same.
 */
import { cleanJson, HoldfastError, payloadHash } from "@holdfast/kernel";
import {
  keyOf,
  MAX_BATCH_BYTES,
  OPERATION_PAYLOADS,
  type OperationType,
  type PublishedPart,
  type ShareArgs,
  type WholeRow,
} from "@holdfast/protocol";
import type { Effect, PreparedOp, PreparedRow } from "../store/index.ts";

/** Throws OP_INVALID with the index of the operation whose envelope is wrong, or TOO_LARGE. */
export function prepareOps(args: ShareArgs<"appendOps">): PreparedOp[] {
  const { ops } = args;
  const ids = new Set<string>();
  let characters = 0;
  return ops.map((op, index) => {
    const refuse = (why: string): HoldfastError =>
      new HoldfastError("OP_INVALID", `Operation ${index} of the batch ${why}.`, { data: { index } });
    if (op.batchId !== args.batchId) throw refuse("is of another batch");
    if (op.seq !== (ops[0]?.seq ?? 0) + index) throw refuse("does not follow the one before it");
    if (ids.has(op.opId)) throw refuse("is in it twice");
    ids.add(op.opId);
    const hash = payloadHash(op.payload);
    if (hash !== op.payloadHash) throw refuse("has another hash than its payload");
    characters += JSON.stringify(op.payload).length;
    if (characters > MAX_BATCH_BYTES)
      throw new HoldfastError(
        "TOO_LARGE",
        `The payloads of a batch have at most ${MAX_BATCH_BYTES} characters.`,
      );
    return prepared(op, hash);
  });
}

function prepared(op: ShareArgs<"appendOps">["ops"][number], hash: string): PreparedOp {
  const { opId, seq, key, type } = op;
  const base = { opId, seq, key, hash, dependsOn: op.dependsOn };
  const parent = parentIn(op.payload);
  const effect = isKnownType(type) ? effectOf(type, key, op.payload) : undefined;
  return {
    ...base,
    ...(effect === undefined ? {} : { effect }),
    ...(key.startsWith("part:") && parent !== undefined ? { parent } : {}),
  };
}

const isKnownType = (type: string): type is OperationType => Object.hasOwn(OPERATION_PAYLOADS, type);

/** The message that a payload names, however wrong the rest of it is. */
function parentIn(payload: Readonly<Record<string, unknown>>): string | undefined {
  const part = payload["part"] as Record<string, unknown> | undefined;
  const id = payload["messageId"] ?? part?.["messageId"];
  return typeof id === "string" && /^msg_[0-9a-z]{26}$/.test(id) ? id : undefined;
}

/** Undefined for a payload of the wrong shape, or one of another row than its key says. */
function effectOf(type: OperationType, key: string, payload: unknown): Effect | undefined {
  const parsed = OPERATION_PAYLOADS[type].safeParse(payload);
  if (!parsed.success || cleanJson(payload) !== payload) return undefined;
  const value = parsed.data as Record<string, unknown>;
  if (keyOf(type, value) !== key) return undefined;
  switch (type) {
    case "message.removed":
    case "message.part.removed":
    case "change.removed":
      return { does: "remove" };
    case "message.part.delta": {
      const { messageId, field, offset, text } = value as ReturnType<
        (typeof OPERATION_PAYLOADS)["message.part.delta"]["parse"]
      >;
      return { does: "grow", parent: messageId, field, offset, text };
    }
    case "omitted": {
      const { reason, messageId } = value as ReturnType<(typeof OPERATION_PAYLOADS)["omitted"]["parse"]>;
      return { does: "omit", reason, ...(messageId === undefined ? {} : { parent: messageId }) };
    }
    case "session.updated":
      return put(value["session"]);
    case "models.updated":
      return put(value["models"]);
    case "usage.updated":
      return put(value["usage"]);
    case "change.updated":
      return put(value["change"]);
    case "message.updated":
      return put(value["message"], { ordinal: (value["message"] as { ordinal: number }).ordinal });
    case "message.part.updated":
      return putPart(value["part"] as PublishedPart);
  }
}

type Put = Extract<Effect, { does: "put" }>;

function put(row: unknown, more: Partial<Pick<Put, "parent" | "ordinal" | "blobs">> = {}): Put {
  return { does: "put", data: JSON.stringify(row), blobs: [], ...more };
}

function putPart(part: PublishedPart): Put {
  return put(part, { parent: part.messageId, ordinal: part.ordinal, blobs: blobsIn(part) });
}

/** Contents that a part shows. */
function blobsIn(part: PublishedPart): { hash: string; mime: string }[] {
  const files =
    part.type === "file"
      ? [part]
      : part.type === "tool" && part.state.status === "completed"
        ? (part.state.attachments ?? [])
        : [];
  return files.flatMap(({ blob, mime }) =>
    blob === undefined ? [] : [{ hash: blob.slice("sha256:".length), mime }],
  );
}

/** The operation that says the same as a row of the older way. */
const SAME_AS: Readonly<Record<WholeRow["type"], OperationType>> = {
  session: "session.updated",
  message: "message.updated",
  part: "message.part.updated",
  change: "change.updated",
  models: "models.updated",
  usage: "usage.updated",
};

/** Rows as the store takes them, and the title that the session among them has. */
export function prepareRows(data: readonly WholeRow[]): { rows: PreparedRow[]; title: string | undefined } {
  const rows = data.flatMap(({ type, data: row }): PreparedRow[] => {
    const payload = cleanJson({ [type]: row });
    const key = keyOf(SAME_AS[type], payload);
    const effect = effectOf(SAME_AS[type], key, payload);
    return effect?.does === "put" ? [{ key, hash: payloadHash(payload), effect }] : [];
  });
  const session = data.findLast((row) => row.type === "session");
  return { rows, title: session?.type === "session" ? session.data.title.slice(0, 1_000) : undefined };
}
