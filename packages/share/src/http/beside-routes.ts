/** What the other doors behind the same listener take (capnweb, pages), as the document tells it. */
import { accessCodeSchema, browserTokenSchema, exchangeCodeSchema, SHARE_METHODS } from "@holdfast/protocol";
import { z } from "zod";
import type { RouteFacts } from "./route-facts.ts";

const document = { type: "text/html; charset=utf-8" } as const;

export const BESIDE_ROUTES: readonly RouteFacts[] = [
  {
    method: "POST",
    path: "/api/rpc",
    name: "rpcBatch",
    summary: "Calls over capnweb in one request; a WebSocket at the same path for a session of them",
    bearer: "none",
    body: { type: "text/plain" },
    answer: { status: 200, description: "The answers, as capnweb writes them", type: "text/plain" },
  },
  {
    method: "GET",
    path: "/s/:secret",
    name: "readLink",
    summary:
      "A shared session as a document that is readable without script; the path holds a ref that only reads",
    bearer: "none",
    query: z.strictObject({ before: z.string().max(256).optional(), blob: z.string().optional() }),
    answer: {
      status: 200,
      description: "The document, or with `blob` a file of it to be saved",
      ...document,
    },
  },
  {
    method: "GET",
    path: "/l",
    name: "openRef",
    summary: "The page for a stronger ref, which stands in the fragment and is not sent",
    bearer: "none",
    answer: { status: 200, description: "The page", ...document },
  },
  {
    method: "GET",
    path: "/",
    name: "openList",
    summary: "The page for the shares of a publish key, opened by a code in the fragment",
    bearer: "none",
    answer: { status: 200, description: "The page", ...document },
  },
  {
    method: "POST",
    path: "/api/auth/codes",
    name: "makeListCode",
    summary: "A code that opens the list once, within a minute",
    bearer: "publishKey",
    body: { schema: z.strictObject({}) },
    answer: { status: 201, description: "The code", schema: accessCodeSchema },
  },
  {
    method: "POST",
    path: "/api/auth/browser",
    name: "exchangeListCode",
    summary: "A token of half an hour, for that list alone, in exchange for the code",
    bearer: "none",
    body: { schema: exchangeCodeSchema },
    answer: { status: 200, description: "The token", schema: browserTokenSchema },
  },
  {
    method: "GET",
    path: "/api/listing",
    name: "readListing",
    summary: "The list, with that token",
    bearer: "publishKey",
    query: SHARE_METHODS.listShares.args,
    answer: { status: 200, description: "Shares", schema: SHARE_METHODS.listShares.result },
  },
];
