/** capnweb and WebSockets of the share service: one path for calls (`/api/rpc`), and the events of a share over WebSocket beside SSE. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Upgrade } from "@holdfast/edge";
import type { Clock, Logger } from "@holdfast/kernel";
import { createRpcDoor, Places, RPC_LIMITS, type StartThread, WebSockets } from "@holdfast/rpc";
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

export type ShareRpc = {
  /** Whether a request is for `answer`. */
  takes(target: string): boolean;
  /** Answers a batch of calls. Never rejects. */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  /** For the listener. */
  upgrade: Upgrade;
  /** Ends every session and every stream over WebSocket. Before the listener closes. */
  stop(): void;
};

const RPC_PATH = "/api/rpc";
const EVENTS_PATH = /^\/api\/shares\/([A-Za-z0-9_]{1,64})\/events$/;

const pathOf = (target: string): string => target.replace(/\?.*$/s, "");

export function createShareRpc({ service, addressOf, start, clock, logger }: ShareRpcDeps): ShareRpc {
  const sockets = new WebSockets(clock, new Places(RPC_LIMITS.connections, RPC_LIMITS.connectionsPerAddress));
  const views = new Places(Number.MAX_SAFE_INTEGER, RPC_LIMITS.liveViews);
  const door = createRpcDoor({
    main: mainStub({ service, views, clock }),
    methods: STUB_METHODS,
    start,
    sockets,
    clock,
    logger,
  });
  return {
    takes: (target) => pathOf(target) === RPC_PATH,
    answer: (incoming, outgoing) => door.answer(incoming, outgoing, addressOf(incoming)),
    upgrade: {
      takes: (target) => pathOf(target) === RPC_PATH || EVENTS_PATH.test(pathOf(target)),
      take(incoming, socket, head) {
        const address = addressOf(incoming);
        const shareId = EVENTS_PATH.exec(pathOf(incoming.url ?? ""))?.[1];
        if (shareId === undefined) return door.upgrade(incoming, socket, head, address);
        sockets.accept(incoming, socket, head, address, (greeted) =>
          greetReader({ service, clock, shareId, peer: address }, greeted),
        );
      },
    },
    stop() {
      door.stop();
      sockets.stop();
    },
  };
}
