/** What stands beside the methods: whether the service is there, the stream of events, contents, what a link is of. */
import {
  createStreamSink,
  eventBytes,
  openEventStream,
  readBytes,
  SANDBOX_POLICY,
  STREAMING,
} from "@holdfast/edge";
import { HoldfastError } from "@holdfast/kernel";
import { healthSchema, MAX_SHARE_BLOB_BYTES, redeemedShareSchema, VERSION } from "@holdfast/protocol";
import { z } from "zod";
import { eventFrame } from "../service/index.ts";
import { type HttpCall, type HttpRoute, ok } from "./call.ts";

/** One encoding for all readers of a share (S-19). */
const encode = eventBytes(eventFrame);

/** What a browser may show by itself; anything else is a file to save. */
const SHOWN = /^(?:image\/(?:png|jpeg|gif|webp|avif)|text\/plain)$/;

export const SHARE_ROUTES: readonly HttpRoute[] = [
  {
    method: "GET",
    path: "/api/health",
    name: "health",
    summary: "Whether the service works",
    bearer: "none",
    answer: { status: 200, description: "It answers", schema: healthSchema },
    run: () => Promise.resolve(ok({ status: "ok", version: VERSION })),
  },
  {
    method: "POST",
    path: "/api/links/redeem",
    name: "redeemLink",
    summary: "What the ref of a link allows, and of which share it is",
    bearer: "ref",
    answer: { status: 200, description: "The share", schema: redeemedShareSchema },
    run: async ({ service, caller }) => ok(await service.redeemLink(caller)),
  },
  {
    method: "GET",
    path: "/api/shares/:shareId/events",
    name: "streamEvents",
    summary:
      "The share live, from a cursor on; over WebSocket the first message is `{token, after?, store?}`",
    bearer: "ref",
    query: z.strictObject({ after: z.string().optional(), store: z.string().optional() }),
    answer: { status: 200, description: "Server-sent events", type: "text/event-stream" },
    run: streamEvents,
  },
  {
    method: "PUT",
    path: "/api/shares/:shareId/blobs/:hash",
    name: "putBlob",
    summary:
      "Upload a content that operations name; the hash is SHA-256 of its bytes, at most 25 MiB of them",
    bearer: "ref",
    body: { type: "application/octet-stream" },
    answer: { status: 204, description: "It is stored" },
    run: putBlob,
  },
  {
    method: "GET",
    path: "/api/shares/:shareId/blobs/:hash",
    name: "getBlob",
    summary: "A content that the share shows, to be saved",
    bearer: "ref",
    answer: { status: 200, description: "Its bytes", type: "application/octet-stream" },
    run: getBlob,
  },
];

async function streamEvents({
  service,
  clock,
  caller,
  params,
  query,
  incoming,
  outgoing,
}: HttpCall): Promise<typeof STREAMING> {
  if (incoming.method === "HEAD")
    throw new HoldfastError("NOT_FOUND", "A stream has no head of its own.", { data: { allow: "GET" } });
  const last = incoming.headers["last-event-id"];
  const after = typeof last === "string" && last !== "" ? last : query["after"];
  await service.subscribe({ shareId: params["shareId"] ?? "", caller, after, store: query["store"] }, () =>
    createStreamSink(clock, openEventStream(outgoing), encode),
  );
  return STREAMING;
}

async function putBlob({ service, clock, caller, params, incoming }: HttpCall) {
  const { shareId = "", hash = "" } = params;
  const bytes = await readBytes(incoming, clock, MAX_SHARE_BLOB_BYTES);
  await service.putBlob({ shareId, hash, bytes, caller });
  return { status: 204 };
}

async function getBlob({ service, caller, params }: HttpCall) {
  const { shareId = "", hash = "" } = params;
  const { bytes, mime } = await service.getBlob({ shareId, hash, caller });
  return {
    status: 200,
    bytes,
    headers: {
      "content-type": SHOWN.test(mime) ? mime : "application/octet-stream",
      "content-disposition": "attachment",
      "content-security-policy": SANDBOX_POLICY,
    },
  };
}
