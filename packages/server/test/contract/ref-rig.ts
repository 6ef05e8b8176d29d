import { createHash, randomUUID } from "node:crypto";
import { newId } from "@holdfast/kernel";
import type { Actor, Grant, RefId, SessionId } from "@holdfast/protocol";
import type { CreateRefCommand, RefUse } from "../../src/store/index.ts";
import { OWNER, type StoreRig } from "./rig.ts";

/** What a store keeps of some secret. */
export const someHash = (): string => createHash("sha256").update(randomUUID()).digest("hex");

export const refCommand = (
  sessionId: SessionId,
  overrides: Partial<CreateRefCommand> = {},
): CreateRefCommand => ({
  actor: OWNER,
  refId: newId("ref"),
  hash: someHash(),
  sessionId,
  rights: ["read", "comment", "prompt", "approve", "share"],
  caveats: {},
  label: "A colleague",
  ...overrides,
});

export const makeRef = async (
  rig: StoreRig,
  sessionId: SessionId,
  overrides: Partial<CreateRefCommand> = {},
): Promise<Grant> => (await rig.store.createRef(refCommand(sessionId, overrides))).value;

/** How a command says that it comes through a ref. */
export const through = (refId: RefId, peer = "192.0.2.1"): { actor: Actor; use: RefUse } => ({
  actor: { id: refId, kind: "ref", label: "A colleague" },
  use: { refId, action: "input.admit", peer },
});

export const refNow = async (rig: StoreRig, id: RefId, now = Date.now()): Promise<Grant> => {
  const line = await rig.store.getRef({ id, now });
  if (line === undefined) throw new Error(`Ref ${id} is gone.`);
  return line.ref;
};
