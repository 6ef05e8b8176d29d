/** Calls about refs on sessions and what is done with them (S-13 to S-16), and comments. A client whose token is the secret of a ref is its holder. */
import {
  type AddComment,
  type AttenuateRef,
  changeListSchema,
  type CreatedRef,
  createdRefSchema,
  type CreateRef,
  grantSchema,
  redeemedRefSchema,
  refAuditSchema,
  refListSchema,
  type RenewRefs,
  revokedRefSchema,
  type RevokeRef,
  sessionCommentListSchema,
  sessionCommentSchema,
} from "@holdfast/protocol";
import { at, type CallOptions } from "./call.ts";
import { chooseRef } from "./ref-secret.ts";
import type { Transport } from "./transport.ts";

/** A ref that was made, with the secret that opens it; without where it was made by an earlier request. */
export type MadeRef = CreatedRef;

type Older = { limit?: number; before?: string };

export function refCalls({ send }: Transport) {
  /** The secret is chosen here where that can be, so that no lost answer loses it. */
  const make = async (path: string, asked: object, options?: CallOptions): Promise<MadeRef> => {
    const chosen = "secretHash" in asked ? undefined : await chooseRef();
    const body =
      chosen === undefined ? asked : { ...asked, refId: chosen.refId, secretHash: chosen.secretHash };
    const { value } = await send("POST", path, createdRefSchema, { ...options, body });
    return chosen === undefined || value.ref.id !== chosen.refId
      ? value
      : { ...value, secret: chosen.secret };
  };
  return {
    /** Makes a ref on a session or a share. Whoever has its secret is let in with these rights. */
    createRef: (body: CreateRef, options?: CallOptions) => make(at("refs"), body, options),
    /** Makes a narrower one below a ref. Refused with REF_WIDENS where it would allow more. */
    attenuateRef: (id: string, body: AttenuateRef, options?: CallOptions) =>
      make(at("refs", id, "attenuate"), body, options),
    /** Ends every ref of a session for good and makes a new one. `from` is the epoch of any ref of it. */
    renewRefs: (sessionId: string, body: RenewRefs, options?: CallOptions) =>
      make(at("sessions", sessionId, "refs", "renew"), body, options),
    /** Ends a ref and all below it, and what they asked for; repeating is harmless. */
    revokeRef: async (id: string, body: RevokeRef = {}, options?: CallOptions) =>
      (await send("POST", at("refs", id, "revoke"), revokedRefSchema, { ...options, body })).value.ref,
    /** What this client's token, the secret of a ref, stands for. */
    redeemRef: async (options?: CallOptions) =>
      (await send("POST", at("refs", "redeem"), redeemedRefSchema, { ...options, body: {} })).value,
    getRef: async (id: string, options?: CallOptions) =>
      (await send("GET", at("refs", id), grantSchema, options)).value,
    /** The newest first. */
    listRefs: async (query: Older & { sessionId?: string } = {}, options?: CallOptions) =>
      (await send("GET", at("refs"), refListSchema, { ...options, query })).value,
    /** What was done, read and refused through a ref and those below it, the newest first. */
    refAudit: async (id: string, query: Older = {}, options?: CallOptions) =>
      (await send("GET", at("refs", id, "audit"), refAuditSchema, { ...options, query })).value,
    /** Comments on a message or a change of a session; no agent is told. */
    addComment: async (sessionId: string, body: AddComment, options?: CallOptions) =>
      (await send("POST", at("sessions", sessionId, "comments"), sessionCommentSchema, { ...options, body }))
        .value,
    /** The newest first. */
    listComments: async (sessionId: string, query: Older = {}, options?: CallOptions) =>
      (
        await send("GET", at("sessions", sessionId, "comments"), sessionCommentListSchema, {
          ...options,
          query,
        })
      ).value,
    /** The pending changes that a session made alone. */
    listSessionChanges: async (sessionId: string, options?: CallOptions) =>
      (await send("GET", at("sessions", sessionId, "changes"), changeListSchema, options)).value,
  };
}
