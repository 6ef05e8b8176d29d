import { newId, newRefSecret } from "@holdfast/kernel";
import type { SessionId } from "@holdfast/protocol";
import type { HeldRef, ShareCommands, ShareTask } from "../../src/store/index.ts";

type NewShare = Parameters<ShareCommands["createShare"]>[0]["share"];

export const heldRef = (): HeldRef => ({ refId: newId("ref"), secret: newRefSecret() });

/** A share of a session as the room of sharing would ask for it. */
export const shareOf = (sessionId: SessionId, facts: Partial<NewShare> = {}): NewShare => ({
  id: newId("shr"),
  sessionId,
  title: "Shared",
  service: "https://share.example",
  owner: heldRef(),
  append: heldRef(),
  link: heldRef(),
  includes: { files: false, others: false },
  ...facts,
});

/** What a new share asks of its service first. */
export const createTask = ({ owner, append }: Pick<NewShare, "owner" | "append">): ShareTask => ({
  kind: "create",
  owner,
  append,
});
