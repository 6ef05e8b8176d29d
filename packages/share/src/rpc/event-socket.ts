/**
 * The events of a share over a WebSocket, for readers for whom SSE does not fit (I-5, S-11): the same frames, each as `{id?, event, data}`. The peer's first and only text is
 * `{token, after?, store?}`, within 5 s (I-6: no credential stands in an address).
 */
import { controlText, createLogSink, encodeOnce, problemReply, shapeRefusal } from "@holdfast/edge";
import { type Clock, HoldfastError, randomHex, wait } from "@holdfast/kernel";
import { CLOSE, RPC_LIMITS, type SocketEars, type TextSocket } from "@holdfast/rpc";
import { z } from "zod";
import type { ShareCalls, ShareEnd, ShareEvent, ShareSink, ShareSubscription } from "../service/index.ts";
import { errorOf, textsOf } from "./live-view.ts";

const helloSchema = z.strictObject({
  token: z.string().min(1).max(512),
  after: z.union([z.int().min(0), z.string().max(256)]).optional(),
  store: z.string().max(256).optional(),
});

/** How often a socket with a backlog is looked at again, in ms. */
const DRAIN_MS = 50;

/** Bytes of what was committed together: one encoding serves all readers (S-19). */
const encode = encodeOnce((events: readonly ShareEvent[]) =>
  textsOf(events).map((text) => Buffer.from(text)),
);

type Deps = { service: Pick<ShareCalls, "subscribe">; clock: Clock; shareId: string; peer: string };

export function greetReader(deps: Deps, socket: TextSocket): SocketEars {
  let subscription: ShareSubscription | undefined;
  let isAsked = false;
  let isOver = false;
  const onLeave: (() => void)[] = [];
  const refuse = (error: unknown): void => {
    socket.send(errorFrame(error));
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
  let isGone = false;
  onLeave.push(() => (isGone = true));
  const hasTaken = (): boolean => isGone || socket.backlog() === 0;
  const outlet = {
    write(frames: readonly (Buffer | string)[]) {
      for (const frame of frames) socket.send(frame);
    },
    backlog: () => socket.backlog(),
    async drained() {
      while (!hasTaken()) await wait(clock, DRAIN_MS);
    },
    end(reason: ShareEnd) {
      const error = errorOf(reason);
      if (error !== undefined && reason !== "overflow") socket.send(errorFrame(error));
      socket.close(CODE[reason], "The stream is over.");
    },
    onLeave: (listener: () => void) => void onLeave.push(listener),
  };
  return createLogSink(clock, outlet, { control: (control) => [controlText(control)], events: encode });
}

const errorFrame = (error: unknown): string =>
  JSON.stringify({ event: "error", data: problemReply(error, randomHex(8)).body });

const CODE: Readonly<Record<ShareEnd, number>> = {
  revoked: CLOSE.refused,
  left: CLOSE.refused,
  overflow: CLOSE.busy,
  stopped: CLOSE.stopped,
  failed: CLOSE.broken,
};
