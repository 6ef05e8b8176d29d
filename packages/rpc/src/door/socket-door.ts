import type { Clock } from "@holdfast/kernel";
import type { Capability, RpcHost, SessionEnd } from "../host/index.ts";
import { RPC_LIMITS } from "../limits.ts";
import { CLOSE, type SocketEars, type TextSocket } from "./web-sockets.ts";

export type SocketDeps = { host: RpcHost; main: Capability; clock: Clock };

const CODE: Readonly<Record<SessionEnd, number>> = {
  refused: CLOSE.refused,
  ended: CLOSE.broken,
  replaced: CLOSE.replaced,
  stopped: CLOSE.stopped,
  idle: CLOSE.refused,
};

/** capnweb over one WebSocket: a message to a frame. Who holds nothing after 5 s, takes nothing or holds what works no more is sent away. */
export function greetSession(
  { host, main, clock }: SocketDeps,
  socket: TextSocket,
  address: string,
): SocketEars {
  let waiting = 0;
  let isPaused = false;
  const late = clock.after(RPC_LIMITS.firstRedeemMs, () => {
    session.close();
    socket.close(CLOSE.refused, "Nothing was redeemed in time.");
  });
  const session = host.open(
    main,
    {
      text(text) {
        if (socket.backlog() <= RPC_LIMITS.backlogBytes) return socket.send(text);
        session.close();
        socket.close(CLOSE.busy, "Too much waits to be taken.");
      },
      took(length) {
        waiting -= length;
        if (!isPaused || waiting > RPC_LIMITS.waitingBytes / 2) return;
        isPaused = false;
        socket.resume();
      },
      batch: () => undefined,
      redeemed: () => late.cancel(),
      over: (end, detail) => socket.close(CODE[end], detail),
    },
    { peer: address, isBatch: false },
  );
  return {
    onText(text) {
      waiting += text.length;
      session.receive(text);
      if (waiting <= RPC_LIMITS.waitingBytes || isPaused) return;
      isPaused = true;
      socket.pause();
    },
    onClose() {
      late.cancel();
      session.close();
    },
  };
}
