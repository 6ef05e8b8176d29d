import { type Clock, HoldfastError } from "@holdfast/kernel";
import { type LiveStream, openLiveSink } from "@holdfast/rpc";
import type { ShareCalls, ShareControl, ShareEnd, ShareEvent, SubscribeRequest } from "../service/index.ts";
import { controlText, eventTexts } from "./event-text.ts";

/** A share's events as a stream of capnweb, for as long as the ref lives. Rejects as `ShareCalls.subscribe` does. */
export async function openLive(
  service: Pick<ShareCalls, "subscribe">,
  request: SubscribeRequest,
  clock: Clock,
): Promise<LiveStream> {
  const { live, sink } = openLiveSink<ShareEvent, ShareControl, ShareEnd>(clock, {
    control: controlText,
    texts: eventTexts,
    errorOf,
  });
  await service.subscribe(request, () => sink);
  return live;
}

/** What a reader is told of the end; its own leaving is none. */
export function errorOf(reason: ShareEnd): HoldfastError | undefined {
  switch (reason) {
    case "revoked":
      return new HoldfastError("REF_NOT_VALID", "This ref does not work.");
    case "overflow":
      return new HoldfastError("RATE_LIMITED", "The reader was too slow; go on from its last seq.");
    case "stopped":
      return new HoldfastError("SHUTTING_DOWN", "The service is shutting down.");
    case "failed":
      return new HoldfastError("INTERNAL", "The events could not be read on.");
    case "left":
      return undefined;
  }
}
