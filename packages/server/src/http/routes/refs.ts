import type { Credential } from "@holdfast/edge";
import { HoldfastError } from "@holdfast/kernel";
import {
  addCommentSchema,
  attenuateRefSchema,
  createdRefSchema,
  createRefSchema,
  grantSchema,
  redeemedRefSchema,
  refAuditSchema,
  type RefId,
  refListSchema,
  renewRefsSchema,
  revokedRefSchema,
  revokeRefSchema,
  sessionCommentListSchema,
  sessionCommentSchema,
  sessionIdSchema,
  type ShareId,
} from "@holdfast/protocol";
import { z } from "zod";
import { createdRef } from "../../refs/index.ts";
import { refOf } from "../ref-scope.ts";
import { applied, defineRoute, ok, type Rooms, type Route } from "../route.ts";
import { cursorField, emptyBody, limitField, onRef, onSession } from "./fields.ts";
import { pageLinks } from "./page-links.ts";

const tag = "refs";
const pageQuery = z.object({ limit: limitField, before: cursorField });

/** The share that a ref was made on here, for the owner: to who comes with a ref, nothing but its session is there (I-21). */
const shareOf = async (
  id: RefId,
  credential: Credential | undefined,
  { shares }: Pick<Rooms, "shares">,
): Promise<ShareId | undefined> => (refOf(credential) === undefined ? shares.refs.shareOf(id) : undefined);

const REFS: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/api/refs",
    action: "ref.create",
    on: "server",
    tag,
    summary:
      "Make a ref on a session or a share: a secret by which somebody else reads it, comments, and in a session prompts or approves",
    body: createRefSchema,
    answers: { 201: { description: "The ref; its secret is shown once", schema: createdRefSchema } },
    async run({ body, caller, reachedAt }, rooms) {
      const { target, ...asked } = body;
      if (target.kind === "share") {
        const made = await rooms.shares.refs.create(target.id, asked, caller);
        return applied(201, made.value, made.replayed);
      }
      const { value, replayed } = await rooms.refs.create(target.id, asked, caller);
      return applied(201, createdRef(value, rooms.refLink(reachedAt)), replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/refs",
    action: "ref.list",
    on: "server",
    tag,
    summary: "List refs, the newest first; a ref lists those below it, and with admin all of its session",
    query: pageQuery.extend({ sessionId: sessionIdSchema.optional() }),
    answers: { 200: { description: "A page", schema: refListSchema } },
    async run({ query, path, credential }, { refs }) {
      const page = await refs.list(query, refOf(credential));
      return ok(page, pageLinks(path, query, page));
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/refs/redeem",
    action: "ref.redeem",
    on: "server",
    tag,
    summary: "What the secret that is sent as the token stands for",
    body: emptyBody,
    answers: { 200: { description: "The ref, and where its session is now", schema: redeemedRefSchema } },
    async run({ credential }, { refs }) {
      const by = refOf(credential);
      if (by === undefined)
        throw new HoldfastError("FORBIDDEN", "Send the secret of a ref as Authorization: Bearer <secret>.");
      return ok(await refs.redeem(by));
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/refs/:id",
    action: "ref.read",
    on: "ref",
    tag,
    summary: "Read a ref",
    params: onRef,
    answers: { 200: { description: "The ref, never its secret", schema: grantSchema } },
    run: async ({ params, credential }, { refs }) => ok(await refs.get(params.id, refOf(credential))),
  }),
  defineRoute({
    method: "POST",
    path: "/api/refs/:id/attenuate",
    action: "ref.attenuate",
    on: "ref",
    tag,
    summary: "Make a narrower ref below another one",
    params: onRef,
    body: attenuateRefSchema,
    answers: { 201: { description: "The ref; its secret is shown once", schema: createdRefSchema } },
    async run({ params, body, caller, credential, reachedAt }, rooms) {
      const shareId = await shareOf(params.id, credential, rooms);
      if (shareId !== undefined)
        throw new HoldfastError(
          "UNPROCESSABLE",
          `A ref on a share is narrowed at its service, by who holds it. Make another one on ${shareId}.`,
        );
      const { value, replayed } = await rooms.refs.attenuate(params.id, body, caller, refOf(credential));
      return applied(201, createdRef(value, rooms.refLink(reachedAt)), replayed);
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/refs/:id/revoke",
    action: "ref.revoke",
    on: "ref",
    tag,
    summary: "End a ref and all below it, and what they asked for; repeating is harmless",
    params: onRef,
    body: revokeRefSchema.optional(),
    answers: { 200: { description: "The ref", schema: revokedRefSchema } },
    async run({ params, body, caller, credential }, rooms) {
      const shareId = await shareOf(params.id, credential, rooms);
      if (shareId !== undefined) {
        const ended = await rooms.shares.refs.revokeKnown(
          shareId,
          { refId: params.id, reason: body?.reason },
          caller,
        );
        return applied(200, { ref: ended.value }, ended.replayed);
      }
      const { value, replayed } = await rooms.refs.revoke(params.id, body ?? {}, caller, refOf(credential));
      return applied(200, { ref: value }, replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/refs/:id/audit",
    action: "ref.audit",
    on: "ref",
    tag,
    summary: "What was done, read and refused through a ref and those below it, the newest first",
    params: onRef,
    query: pageQuery,
    answers: { 200: { description: "A page", schema: refAuditSchema } },
    async run({ params, query, path, credential }, rooms) {
      const shareId = await shareOf(params.id, credential, rooms);
      const page =
        shareId === undefined
          ? await rooms.refs.audit(params.id, query, refOf(credential))
          : await rooms.shares.refs.audit(shareId, { ...query, refId: params.id });
      return ok(page, pageLinks(path, query, page));
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/sessions/:id/refs/renew",
    action: "ref.renew",
    on: "session",
    tag,
    summary:
      "End every ref of a session for good, and make one new one: with every right, or for a ref with what it had",
    params: onSession,
    body: renewRefsSchema,
    answers: { 201: { description: "The new ref; its secret is shown once", schema: createdRefSchema } },
    async run({ params, body, caller, reachedAt }, rooms) {
      const { value, replayed } = await rooms.refs.renew(params.id, body, caller);
      return applied(201, createdRef(value, rooms.refLink(reachedAt)), replayed);
    },
  }),
];

const COMMENTS: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/api/sessions/:id/comments",
    action: "comment.add",
    on: "session",
    tag,
    summary: "Comment on a message or a change of a session; no agent is told",
    params: onSession,
    body: addCommentSchema,
    answers: { 201: { description: "The comment", schema: sessionCommentSchema } },
    async run({ params, body, caller }, { refs }) {
      const { value, replayed } = await refs.comment(params.id, body, caller);
      return applied(201, value, replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/sessions/:id/comments",
    action: "comment.read",
    on: "session",
    tag,
    summary: "List comments, the newest first",
    params: onSession,
    query: pageQuery,
    answers: { 200: { description: "A page", schema: sessionCommentListSchema } },
    async run({ params, query, path }, { refs, sessions }) {
      await sessions.get(params.id);
      const page = await refs.comments(params.id, query);
      return ok(page, pageLinks(path, query, page));
    },
  }),
];

/** Refs on sessions of this Holdfast (S-13 to S-16), and comments on them. */
export const REF_ROUTES: readonly Route[] = [...REFS, ...COMMENTS];
