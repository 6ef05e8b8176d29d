/** What an operation does to the rows of a stream, after its payload was looked at (`prepare-op.ts` of the service). */
import type { Omission } from "@holdfast/protocol";

export type ItemKind = "session" | "models" | "usage" | "message" | "part" | "change";

export type Effect =
  /** The row as it is now; `data` is its JSON, `blobs` are the contents that it shows. */
  | {
      does: "put";
      parent?: string | undefined;
      ordinal?: number | undefined;
      data: string;
      blobs: readonly { hash: string; mime: string }[];
    }
  | { does: "grow"; parent: string; field: "text" | "raw" | "output"; offset: number; text: string }
  | { does: "remove" }
  | { does: "omit"; reason: Omission; parent?: string | undefined };

/** An operation with its envelope; `effect` is absent where the payload has the wrong shape. `parent` is the message that a part says it is of. */
export type PreparedOp = {
  opId: string;
  seq: number;
  key: string;
  hash: string;
  dependsOn: readonly string[];
  effect?: Effect | undefined;
  parent?: string | undefined;
};

/** A row of the older way of writing, with its key and the hash of the operation that says the same. */
export type PreparedRow = { key: string; hash: string; effect: Extract<Effect, { does: "put" }> };

/** `part:prt_...` is a part. */
export const kindOf = (key: string): ItemKind => key.split(":")[0] as ItemKind;
/** The id behind the kind. */
export const idOf = (key: string): string => key.split(":")[1] ?? "";

/** The event by which readers hear of a row. */
export const EVENT_OF: Readonly<Record<ItemKind, { type: string; member: string }>> = {
  session: { type: "session.updated", member: "session" },
  models: { type: "models.updated", member: "models" },
  usage: { type: "usage.updated", member: "usage" },
  message: { type: "message.updated", member: "message" },
  part: { type: "message.part.updated", member: "part" },
  change: { type: "change.updated", member: "change" },
};

/** The payload of a row's event, as JSON. */
export const putPayload = (key: string, data: string): string =>
  `{"${EVENT_OF[kindOf(key)].member}":${data}}`;

/** How readers hear that a row is gone. Of what cannot be removed there is nothing to say but that it is not shown. */
export function removedEvent(key: string, parent: string | null): { type: string; data: string } {
  const id = idOf(key);
  switch (kindOf(key)) {
    case "message":
      return { type: "message.removed", data: JSON.stringify({ messageId: id }) };
    case "part":
      return { type: "message.part.removed", data: JSON.stringify({ messageId: parent ?? "", partId: id }) };
    case "change":
      return { type: "change.removed", data: JSON.stringify({ changeId: id }) };
    default:
      return omittedEvent(key, "withheld", null);
  }
}

export function omittedEvent(
  key: string,
  reason: string,
  parent: string | null,
): { type: string; data: string } {
  return {
    type: "omitted",
    data: JSON.stringify({ key, ...(parent === null ? {} : { messageId: parent }), reason }),
  };
}
