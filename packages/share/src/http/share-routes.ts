/** What stands beside the methods: whether the service is there, the stream of events, contents, what a link is of. */
import { openEventStream, readBytes, SANDBOX_POLICY, STREAMING } from "@holdfast/edge";
import { HoldfastError } from "@holdfast/kernel";
import { MAX_SHARE_BLOB_BYTES, VERSION } from "@holdfast/protocol";
import { type HttpCall, type HttpRoute, ok } from "./call.ts";
import { createEventSink } from "./event-sink.ts";

/** What a browser may show by itself; anything else is a file to save. */
const SHOWN = /^(?:image\/(?:png|jpeg|gif|webp|avif)|text\/plain)$/;

export const SHARE_ROUTES: readonly HttpRoute[] = [
  { method: "GET", path: "/api/health", run: () => Promise.resolve(ok({ status: "ok", version: VERSION })) },
  {
    method: "POST",
    path: "/api/links/redeem",
    run: async ({ service, caller }) => ok(await service.redeemLink(caller)),
  },
  { method: "GET", path: "/api/shares/:shareId/events", run: streamEvents },
  { method: "PUT", path: "/api/shares/:shareId/blobs/:hash", run: putBlob },
  { method: "GET", path: "/api/shares/:shareId/blobs/:hash", run: getBlob },
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
    createEventSink(openEventStream(outgoing), clock),
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
