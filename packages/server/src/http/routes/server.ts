import {
  accessCodeSchema,
  agentListSchema,
  browserTokenSchema,
  diagnosticsSchema,
  exchangeCodeSchema,
  healthSchema,
  liveAgentListSchema,
  modelListSchema,
  proofNonceSchema,
  serverProofSchema,
  serverTokenSchema,
  tokenListSchema,
} from "@holdfast/protocol";
import { z } from "zod";
import { applied, defineRoute, ok, type Route } from "../route.ts";
import { emptyBody, onToken } from "./fields.ts";

const tag = "server";

/** The server itself: health, ways in, agents, the description of this API. */
export const SERVER_ROUTES: readonly Route[] = [
  defineRoute({
    method: "GET",
    path: "/api/health",
    action: "health.read",
    on: "server",
    tag,
    summary: "Whether the server works",
    answers: { 200: { description: "It answers", schema: healthSchema } },
    run: async (_call, rooms) => ok(await rooms.health()),
  }),
  defineRoute({
    method: "GET",
    path: "/api/openapi.json",
    action: "api.describe",
    on: "server",
    tag,
    summary: "This document",
    answers: { 200: { description: "OpenAPI 3.1", schema: z.record(z.string(), z.unknown()) } },
    run: async (_call, rooms) => ok(await rooms.describe()),
  }),
  defineRoute({
    method: "GET",
    path: "/api/auth/proof",
    action: "server.prove",
    on: "server",
    tag,
    summary: "Prove to whoever can read the data directory that this is its server",
    query: proofNonceSchema,
    answers: {
      200: { description: "The proof, for this nonce and this connection only", schema: serverProofSchema },
    },
    run: async ({ query, reachedAt, address }, { access }) =>
      ok({ proof: access.prove(query.nonce, reachedAt, address) }),
  }),
  defineRoute({
    method: "POST",
    path: "/api/auth/browser",
    action: "access.exchange",
    on: "server",
    tag,
    summary: "Exchange a one-time code for a browser token",
    body: exchangeCodeSchema,
    answers: { 200: { description: "The token, shown once", schema: browserTokenSchema } },
    async run({ body, address, headers, idempotency }, { access }) {
      const request = {
        code: body.code,
        address,
        agent: headers["user-agent"]?.toString(),
        key: idempotency?.key,
      };
      const { token, replayed } = await access.exchange(request);
      return applied(200, { token }, replayed);
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/auth/codes",
    action: "access.manage",
    on: "token",
    tag,
    summary: "Make a one-time code for a browser",
    body: emptyBody,
    answers: { 201: { description: "A code, good for a minute", schema: accessCodeSchema } },
    async run({ idempotency }, { access }) {
      const { code, expiresAt, replayed } = access.issueCode(idempotency?.key);
      return applied(201, { code, expiresAt }, replayed);
    },
  }),
  defineRoute({
    method: "GET",
    path: "/api/auth/tokens",
    action: "access.manage",
    on: "token",
    tag,
    summary: "List browser tokens",
    answers: { 200: { description: "Tokens that are good", schema: tokenListSchema } },
    run: async (_call, { access }) => ok({ items: await access.list() }),
  }),
  defineRoute({
    method: "DELETE",
    path: "/api/auth/tokens/:id",
    action: "access.manage",
    on: "token",
    tag,
    summary: "Revoke a browser token and end its streams",
    params: onToken,
    answers: { 204: { description: "Revoked" } },
    async run({ params }, { access }) {
      await access.revoke(params.id);
      return { status: 204 };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/api/auth/rotate",
    action: "access.manage",
    on: "token",
    tag,
    summary: "Replace the server's token and revoke every browser token",
    body: emptyBody,
    answers: {
      200: { description: "The new token; the old one is refused from now on", schema: serverTokenSchema },
    },
    run: async (_call, { access }) => ok({ token: await access.rotate() }),
  }),
  defineRoute({
    method: "GET",
    path: "/api/diagnostics",
    action: "server.diagnose",
    on: "server",
    tag,
    summary: "What is wrong with the store, if anything",
    answers: { 200: { description: "Findings and sizes", schema: diagnosticsSchema } },
    run: async (_call, rooms) => ok(await rooms.diagnose()),
  }),
  defineRoute({
    method: "GET",
    path: "/api/agents",
    action: "agent.list",
    on: "server",
    tag,
    summary: "List agents",
    answers: { 200: { description: "Every known agent", schema: agentListSchema } },
    run: async (_call, { catalog }) => ok({ items: await catalog.list() }),
  }),
  defineRoute({
    method: "GET",
    path: "/api/agents/live",
    action: "agent.list",
    on: "server",
    tag,
    summary: "List the agents that live now",
    answers: {
      200: { description: "Every live agent session, and how many may live", schema: liveAgentListSchema },
    },
    run: async (_call, { pool }) => ok(pool.list()),
  }),
  defineRoute({
    method: "GET",
    path: "/api/models",
    action: "agent.list",
    on: "server",
    tag,
    summary: "List the models that the native agent can be asked for",
    answers: {
      200: {
        description: "Models of every provider that is set up; whether one can be reached is not known",
        schema: modelListSchema,
      },
    },
    run: async (_call, { models }) => ok(await models.list()),
  }),
];
