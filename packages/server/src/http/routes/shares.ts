import {
  changedShareSchema,
  createdShareSchema,
  createSharePreviewSchema,
  createShareSchema,
  idSchema,
  openShareListSchema,
  patchShareSchema,
  revokeShareRefSchema,
  sessionIdSchema,
  shareAuditSchema,
  shareBatchListSchema,
  shareLinkSchema,
  shareListLinkSchema,
  shareListSchema,
  sharePreviewSchema,
  shareRefListSchema,
  shareSchema,
} from "@holdfast/protocol";
import { z } from "zod";
import { applied, defineRoute, ok, type Route } from "../route.ts";
import { cursorField, emptyBody, onSession, onShare } from "./fields.ts";

const tag = "shares";
const pageQuery = z.object({ before: cursorField });
const share = { description: "The share", schema: changedShareSchema };

/** Publishing sessions to a share service, and taking them back (S-2); what would leave is looked at before it does (S-17). */
const LIFE: readonly Route[] = [
  defineRoute({
    method: "POST",
    path: "/api/sessions/:id/share/preview",
    action: "share.preview",
    on: "session",
    tag,
    summary: "Show what sharing the session would publish, and what of it would be masked; nothing is sent",
    params: onSession,
    body: createSharePreviewSchema,
    answers: {
      200: {
        description: "A preview, by which a share can be made for ten minutes",
        schema: sharePreviewSchema,
      },
    },
    run: async ({ params, body }, { previews }) => ok(await previews.preview(params.id, body.includes)),
  }),
  defineRoute({
    method: "POST",
    path: "/api/sessions/:id/share",
    action: "share.create",
    on: "session",
    tag,
    summary: "Share a session as its preview showed it; what is written in it from now on is sent too",
    params: onSession,
    body: createShareSchema,
    answers: { 201: { description: "The share, and a link to read it", schema: createdShareSchema } },
    async run({ params, body, caller }, { shares }) {
      const { value, replayed } = await shares.create(params.id, body, caller);
      return applied(201, value, replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/shares",
    action: "share.read",
    on: "server",
    tag,
    summary: "List shares, the newest first",
    query: z.object({ sessionId: sessionIdSchema.optional() }),
    answers: { 200: { description: "Shares", schema: shareListSchema } },
    run: async ({ query }, { shares }) => ok({ items: await shares.list(query.sessionId) }),
  }),
  defineRoute({
    method: "POST",
    path: "/api/shares/open",
    action: "share.open",
    on: "server",
    tag,
    summary:
      "Make an address by which a browser reads the list of all shares of this server's publish key, once",
    body: openShareListSchema,
    answers: { 201: { description: "The address; it opens within a minute", schema: shareListLinkSchema } },
    run: async ({ body }, { shares }) => ({ status: 201, body: await shares.openList(body.service) }),
  }),
  defineRoute({
    method: "GET",
    path: "/api/shares/:id",
    action: "share.read",
    on: "share",
    tag,
    summary: "Read a share: its state, and what waits to be sent",
    params: onShare,
    answers: { 200: { description: "The share", schema: shareSchema } },
    run: async ({ params }, { shares }) => ok(await shares.get(params.id)),
  }),
  defineRoute({
    method: "PATCH",
    path: "/api/shares/:id",
    action: "share.change",
    on: "share",
    tag,
    summary: "Change a share's title or when it ends",
    params: onShare,
    body: patchShareSchema,
    answers: { 200: share },
    run: async ({ params, body, caller }, { shares }) =>
      ok({ share: (await shares.patch(params.id, body, caller)).value }),
  }),
  defineRoute({
    method: "DELETE",
    path: "/api/shares/:id",
    action: "share.change",
    on: "share",
    tag,
    summary:
      "Take a share back; it is revoking until its service has confirmed that, however long it cannot be reached",
    params: onShare,
    answers: { 202: share },
    run: async ({ params, caller }, { shares }) => ({
      status: 202,
      body: { share: await shares.revoke(params.id, caller) },
    }),
  }),
];

const act = (name: "pause" | "resume" | "adopt", summary: string): Route =>
  defineRoute({
    method: "POST",
    path: `/api/shares/:id/${name}`,
    action: "share.change",
    on: "share",
    tag,
    summary,
    params: onShare,
    body: emptyBody,
    answers: { 200: share },
    async run({ params, caller }, { shares }) {
      const { value, replayed } = await shares[name](params.id, caller);
      return applied(200, { share: value }, replayed);
    },
  });

const ACTS: readonly Route[] = [
  act("pause", "Stop sending; changes are remembered, and sent when it is resumed"),
  act("resume", "Go on sending a share that was paused, or that could not go on by itself"),
  act("adopt", "Take a share over that another publisher writes, or whose refs others renewed"),
  defineRoute({
    method: "POST",
    path: "/api/shares/:id/renew",
    action: "share.change",
    on: "share",
    tag,
    summary: "End every link and ref of a share for good, and make a new link",
    params: onShare,
    body: emptyBody,
    answers: { 200: { description: "The share, and its new link", schema: createdShareSchema } },
    async run({ params, caller }, { shares }) {
      const { value, replayed } = await shares.renew(params.id, caller);
      return applied(200, value, replayed);
    },
  }),
];

const REFS: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/api/shares/:id/link",
    action: "share.change",
    on: "share",
    tag,
    summary: "The link by which a share is read",
    params: onShare,
    answers: { 200: { description: "The link", schema: shareLinkSchema } },
    run: async ({ params }, { shares }) => ok(await shares.link(params.id)),
  }),
  defineRoute({
    method: "GET",
    path: "/api/shares/:id/refs",
    action: "share.change",
    on: "share",
    tag,
    summary: "List the refs of a share, as its service has them, without the publisher's own",
    params: onShare,
    query: pageQuery,
    answers: { 200: { description: "Refs", schema: shareRefListSchema } },
    run: async ({ params, query }, { shares }) => ok(await shares.refs.list(params.id, query.before)),
  }),
  defineRoute({
    method: "POST",
    path: "/api/shares/:id/refs/revoke",
    action: "share.change",
    on: "share",
    tag,
    summary:
      "End a ref of a share and all that come from it; where it is the link, another link takes its place",
    params: onShare,
    body: revokeShareRefSchema,
    answers: { 200: share },
    async run({ params, body, caller }, { shares }) {
      const { value, replayed } = await shares.refs.revoke(params.id, body, caller);
      return applied(200, { share: value }, replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/shares/:id/audit",
    action: "share.read",
    on: "share",
    tag,
    summary: "Who read and did what of a share, as its service wrote it down",
    params: onShare,
    query: pageQuery.extend({ refId: idSchema("ref").optional() }),
    answers: { 200: { description: "Entries, the newest first", schema: shareAuditSchema } },
    run: async ({ params, query }, { shares }) => ok(await shares.refs.audit(params.id, query)),
  }),
  defineRoute({
    method: "GET",
    path: "/api/shares/:id/batches",
    action: "share.read",
    on: "share",
    tag,
    summary: "List what was sent of a share and what is being sent, the newest first",
    params: onShare,
    answers: { 200: { description: "At most the last 100 that have ended", schema: shareBatchListSchema } },
    run: async ({ params }, { shares }) => ok({ items: await shares.batches(params.id) }),
  }),
];

export const SHARE_ROUTES: readonly Route[] = [...LIFE, ...ACTS, ...REFS];
