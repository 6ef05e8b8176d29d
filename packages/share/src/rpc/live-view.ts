import { type Clock, HoldfastError, type Timer } from "@holdfast/kernel";
import { HEARTBEAT_MS } from "@holdfast/protocol";
import { LiveStream } from "@holdfast/rpc";
import type { ShareCalls, ShareControl, ShareEnd, SubscribeRequest } from "../service/index.ts";
import { controlText, eventTexts } from "./event-text.ts";

const HEARTBEAT = [JSON.stringify({ event: "heartbeat", data: {} })];

/** A share's events as a stream of capnweb, for as long as the ref lives: what SSE says, a chunk to a frame. Rejects as `ShareCalls.subscribe` does. */
export async function openLive({
  service,
  request,
  clock,
}: {
  service: Pick<ShareCalls, "subscribe">;
  request: SubscribeRequest;
  clock: Clock;
}): Promise<LiveStream> {
  const live = new LiveStream();
  let beat: Timer | undefined;
  const scheduleBeat = (): void => {
    beat = clock.after(HEARTBEAT_MS, () => {
      live.push(HEARTBEAT);
      scheduleBeat();
    });
  };
  live.onOver(() => beat?.cancel());
  await service.subscribe(request, () => ({
    control(control: ShareControl) {
      live.push([controlText(control)]);
      if (control.type === "caught-up") scheduleBeat();
    },
    deliver: (events) => live.push(eventTexts(events)),
    backlog: () => live.backlog(),
    drained: () => live.drained(),
    end(reason) {
      beat?.cancel();
      live.end(errorOf(reason));
    },
    onLeave: (listener) => live.onLeave(listener),
  }));
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
