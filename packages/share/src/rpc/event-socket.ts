/**
 * The events of a share over a WebSocket, for readers for whom SSE does not fit (I-5, S-11): the same frames, each as `{id?, event, data}`. The peer's first and only text is
 * `{token, after?, store?}`, within 5 s (I-6: no credential stands in an address).
 */
import { problemReply, shapeRefusal } from "@holdfast/edge";
import { type Clock, HoldfastError, randomHex, type Timer } from "@holdfast/kernel";
import { HEARTBEAT_MS } from "@holdfast/protocol";
import { CLOSE, RPC_LIMITS, type SocketEars, type TextSocket } from "@holdfast/rpc";
import { z } from "zod";
import type { ShareCalls, ShareEnd, ShareEvent, ShareSink, ShareSubscription } from "../service/index.ts";
import { controlText, eventTexts } from "./event-text.ts";
import { errorOf } from "./live-view.ts";

const helloSchema = z.strictObject({
  token: z.string().min(1).max(512),
  after: z.union([z.int().min(0), z.string().max(256)]).optional(),
  store: z.string().max(256).optional(),
});

const HEARTBEAT = Buffer.from(JSON.stringify({ event: "heartbeat", data: {} }));
/** How often a socket with a backlog is looked at again, in ms. */
const DRAIN_MS = 50;

/** Bytes of what was committed together: one encoding serves all readers (S-19). */
const FRAMES = new WeakMap<readonly ShareEvent[], readonly Buffer[]>();

type Deps = { service: Pick<ShareCalls, "subscribe">; clock: Clock; shareId: string; peer: string };

export function greetReader(deps: Deps, socket: TextSocket): SocketEars {
  let subscription: ShareSubscription | undefined;
  let isAsked = false;
  let isOver = false;
  const onLeave: (() => void)[] = [];
  const refuse = (error: unknown): void => {
    socket.send(JSON.stringify({ event: "error", data: problemReply(error, randomHex(8)).body }));
    socket.close(CLOSE.refused, "Nothing is read here.");
  };
  const late = deps.clock.after(RPC_LIMITS.firstRedeemMs, () =>
    refuse(new HoldfastError("UNAUTHENTICATED", "The first message did not come in time.")),
  );
  const ask = async (text: string): Promise<void> => {
    const { token, after, store } = helloOf(text);
    const request = {
      shareId: deps.shareId,
      caller: { bearer: token, peer: deps.peer },
      after: after?.toString(),
      store,
    };
    subscription = await deps.service.subscribe(request, () => sinkOf(socket, deps.clock, onLeave));
    if (isOver) subscription.close();
  };
  return {
    onText(text) {
      if (isAsked) return refuse(new HoldfastError("INVALID_REQUEST", "Nothing more is heard here."));
      isAsked = true;
      late.cancel();
      ask(text).catch(refuse);
    },
    onClose() {
      isOver = true;
      late.cancel();
      for (const listener of onLeave) listener();
      subscription?.close();
    },
  };
}

function helloOf(text: string): z.infer<typeof helloSchema> {
  let words: unknown;
  try {
    words = JSON.parse(text);
  } catch {
    throw new HoldfastError("INVALID_REQUEST", "The first message is not JSON.");
  }
  const hello = helloSchema.safeParse(words);
  if (!hello.success) throw shapeRefusal(hello.error, "message");
  return hello.data;
}

function sinkOf(socket: TextSocket, clock: Clock, onLeave: (() => void)[]): ShareSink {
  let beat: Timer | undefined;
  const scheduleBeat = (): void => {
    beat = clock.after(HEARTBEAT_MS, () => {
      socket.send(HEARTBEAT);
      scheduleBeat();
    });
  };
  onLeave.push(() => beat?.cancel());
  return {
    control(control) {
      socket.send(controlText(control));
      if (control.type === "caught-up") scheduleBeat();
    },
    deliver(events) {
      for (const frame of framesOf(events)) socket.send(frame);
    },
    backlog: () => socket.backlog(),
    drained: () => drained(socket, clock),
    end(reason) {
      beat?.cancel();
      const error = errorOf(reason);
      if (error !== undefined && reason !== "overflow")
        socket.send(JSON.stringify({ event: "error", data: problemReply(error, randomHex(8)).body }));
      socket.close(CODE[reason], "The stream is over.");
    },
    onLeave: (listener) => void onLeave.push(listener),
  };
}

const CODE: Readonly<Record<ShareEnd, number>> = {
  revoked: CLOSE.refused,
  left: CLOSE.refused,
  overflow: CLOSE.busy,
  stopped: CLOSE.stopped,
  failed: CLOSE.broken,
};

function framesOf(events: readonly ShareEvent[]): readonly Buffer[] {
  const known = FRAMES.get(events);
  if (known !== undefined) return known;
  const frames = eventTexts(events).map((text) => Buffer.from(text));
  FRAMES.set(events, frames);
  return frames;
}

function drained(socket: TextSocket, clock: Clock): Promise<void> {
  if (socket.backlog() === 0) return Promise.resolve();
  return new Promise((resolve) => clock.after(DRAIN_MS, () => void drained(socket, clock).then(resolve)));
}
