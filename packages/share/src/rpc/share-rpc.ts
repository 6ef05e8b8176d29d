/** capnweb and WebSockets of the share service: one path for calls, and the events of a share over WebSocket beside SSE. */
import type { IncomingMessage } from "node:http";
import type { Clock, Logger } from "@holdfast/kernel";
import { createRpcDoor, Places, RPC_LIMITS, type RpcDoor, type StartThread } from "@holdfast/rpc";
import type { ShareCalls } from "../service/index.ts";
import { greetReader } from "./event-socket.ts";
import { mainStub, STUB_METHODS } from "./share-stubs.ts";

export type ShareRpcDeps = {
  service: ShareCalls;
  /** The caller's address, through a proxy where one is declared. */
  addressOf: (incoming: IncomingMessage) => string;
  /** Absent: the real thread. */
  start?: StartThread;
  clock: Clock;
  logger: Logger;
};

const EVENTS_PATH = /^\/api\/shares\/([A-Za-z0-9_]{1,64})\/events$/;

export function createShareRpc({ service, clock, ...deps }: ShareRpcDeps): RpcDoor {
  const views = new Places(Number.MAX_SAFE_INTEGER, RPC_LIMITS.liveViews);
  return createRpcDoor({
    ...deps,
    main: mainStub({ service, views, clock }),
    methods: STUB_METHODS,
    besideAt(path) {
      const shareId = EVENTS_PATH.exec(path)?.[1];
      if (shareId === undefined) return undefined;
      return (socket, peer) => greetReader({ service, clock, shareId, peer }, socket);
    },
    clock,
  });
}
