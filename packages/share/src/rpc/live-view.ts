import { endError, eventTexts } from "@holdfast/edge";
import { type Clock, HoldfastError } from "@holdfast/kernel";
import { type LiveStream, openLiveSink } from "@holdfast/rpc";
import { eventFrame, type ShareCalls, type ShareEnd, type SubscribeRequest } from "../service/index.ts";

/** Events as chunks of capnweb and frames of a WebSocket (S-19). */
export const textsOf = eventTexts(eventFrame);

/** A share's events as a stream of capnweb, for as long as the ref lives. Rejects as `ShareCalls.subscribe` does. */
export async function openLive(
  service: Pick<ShareCalls, "subscribe">,
  request: SubscribeRequest,
  clock: Clock,
): Promise<LiveStream> {
  const { live, sink } = openLiveSink(clock, { texts: textsOf, errorOf });
  await service.subscribe(request, () => sink);
  return live;
}

/** What a reader is told of the end; its own leaving is none. */
export function errorOf(reason: ShareEnd): HoldfastError | undefined {
  if (reason === "revoked") return new HoldfastError("REF_NOT_VALID", "This ref does not work.");
  if (reason === "stopped") return new HoldfastError("SHUTTING_DOWN", "The service is shutting down.");
  return endError(reason);
}
